import { useState } from 'react';

import { readyMadeTabs } from './tabs.js';

const HINT = 'The key stays in this tab and is forgotten when you close it.';

/** Ask for the key, and try it at once by looking for what the ready-made tabs need. */
export function KeyForm({ problem, onProblem, onOpen }) {
  const [busy, setBusy] = useState(false);

  const submit = async event => {
    event.preventDefault();
    if (busy) return;
    const field = event.currentTarget.elements.key;
    const key = field.value.trim();
    if (!/^[\w-]+$/.test(key)) {
      onProblem('A key is made of letters, digits, - and _: copy it once more, as a whole.');
      field.focus();
      return;
    }
    setBusy(true);
    const { tabs, problem } = await readyMadeTabs(key);
    setBusy(false);
    if (tabs) onOpen(key, tabs);
    else {
      onProblem(problem);
      field.select();
    }
  };

  return (
    <main className="key-page">
      <form onSubmit={submit} noValidate aria-labelledby="title">
        <h1 id="title">Group appointments</h1>
        <p>
          Enter an API key to explore the practice in GraphiQL. <code>make serve</code> prints one for the demo.
          Otherwise make one:
        </p>
        <pre>{'gappt-graphql key create --account NAME \\\n  --scopes read,write'}</pre>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          name="key"
          type="password"
          autoComplete="off"
          spellCheck="false"
          placeholder="gappt_…"
          aria-describedby="about-key"
          aria-invalid={Boolean(problem)}
          autoFocus
        />
        {/* One place for both, so that nothing moves when a key is refused. */}
        <p id="about-key" className={problem ? 'problem' : 'hint'} aria-live="assertive">{problem || HINT}</p>
        <button type="submit" aria-disabled={busy}>{busy ? 'Opening …' : 'Open the explorer'}</button>
      </form>
    </main>
  );
}

import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './explorer.css';

import { GraphiQL } from 'graphiql';
import { StrictMode, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { forgetKey, keepKey, keptKey } from './key.js';
import { firstQuery } from './queries.js';

const endpoint = new URL('graphql', document.baseURI);

function Explorer() {
  const [key, setKey] = useState(keptKey);
  const [refused, setRefused] = useState(false);

  const use = typed => {
    keepKey(typed);
    setRefused(false);
    setKey(typed);
  };
  const forget = wasRefused => {
    forgetKey();
    setRefused(wasRefused);
    setKey('');
  };
  const fetcher = useMemo(() => asker(key, () => forget(true)), [key]);

  if (!key) return <KeyForm refused={refused} onKey={use} />;
  return (
    <>
      <header className="key-bar">
        <span>Group appointments</span>
        <span className="key-in-use">key …{key.slice(-4)}</span>
        <button type="button" onClick={() => forget(false)}>Use another key</button>
      </header>
      <main className="workbench">
        {/* Queries may name patients, so they are kept for the life of the tab only. */}
        <GraphiQL
          key={key}
          fetcher={fetcher}
          storage={sessionStorage}
          defaultQuery={firstQuery}
          defaultEditorToolsVisibility={false}
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        />
      </main>
    </>
  );
}

function KeyForm({ refused, onKey }) {
  const submit = event => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget).get('key').trim();
    if (typed) onKey(typed);
  };
  return (
    <main className="key-page">
      <form onSubmit={submit}>
        <h1>Group appointments</h1>
        <p>
          Enter an API key to explore the practice in GraphiQL. <code>make serve</code> prints one for the demo;
          otherwise <code>gappt-graphql key create --account NAME --scopes read,write</code> makes one.
        </p>
        <label htmlFor="key">API key</label>
        <input id="key" name="key" type="password" autoComplete="off" spellCheck="false" placeholder="gappt_…" autoFocus />
        {refused && <p role="alert">This key was not accepted: it is mistyped, or it has been revoked.</p>}
        <button type="submit">Open the explorer</button>
        <p className="small">The key stays in this tab and is forgotten when you close it.</p>
      </form>
    </main>
  );
}

/** Return a function that asks the service with this key; `onRefusal` is called when the key is not accepted. */
function asker(key, onRefusal) {
  return async (operation, options) => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      credentials: 'omit',
      headers: {
        ...options?.headers,
        Accept: 'application/graphql-response+json, application/json',
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify(operation),
    });
    if (answer.status === 401) onRefusal();
    return answer.json();
  };
}

createRoot(document.getElementById('explorer')).render(<StrictMode><Explorer /></StrictMode>);

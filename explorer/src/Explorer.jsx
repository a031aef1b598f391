import { useState } from 'react';

import { KeyBar } from './KeyBar.jsx';
import { KeyForm } from './KeyForm.jsx';
import { forget, keep, kept, startAfresh } from './memory.js';
import { Workbench } from './Workbench.jsx';

/** The page: a form for the key, then GraphiQL with it. */
export function Explorer() {
  const [key, setKey] = useState(() => kept('key') ?? '');
  const [problem, setProblem] = useState('');

  const open = (newKey, tabs) => {
    keep('tabs', JSON.stringify(tabs));
    keep('key', newKey);
    setKey(newKey);
  };
  const refuse = sentence => {
    forget('key');
    setProblem(sentence);
    setKey('');
  };

  if (!key) return <KeyForm problem={problem} onProblem={setProblem} onOpen={open} />;
  return (
    <>
      <KeyBar apiKey={key} onOther={startAfresh} />
      <Workbench key={key} apiKey={key} onRefusal={refuse} />
    </>
  );
}

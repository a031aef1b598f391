import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'urql';

import './board.css';
import { Board } from './Board';
import { clientOf, openSession } from './server';

const root = createRoot(document.getElementById('board')!);

try {
  const session = await openSession();
  root.render(
    <StrictMode>
      <Provider value={clientOf(session)}><Board session={session} /></Provider>
    </StrictMode>,
  );
} catch (error) {
  root.render(
    <p className="problem" role="alert">
      The board can’t be opened: {(error as Error).message}. Load the page again.
    </p>,
  );
}

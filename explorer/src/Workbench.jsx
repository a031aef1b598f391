import { GraphiQL } from 'graphiql';
import { getOperationAST, parse } from 'graphql';
import { useEffect, useMemo, useRef, useState } from 'react';

import { kept } from './memory.js';
import { ask } from './service.js';
import { watcher } from './watching.js';

/** GraphiQL with the ready-made tabs, and what its operations are sent by. */
export function Workbench({ apiKey, onRefusal }) {
  const [watching, setWatching] = useState('');
  const fetcher = useMemo(() => {
    const watch = watcher(apiKey, setWatching);
    return async (operation, options) => {
      if (isSubscription(operation)) return watch(operation);
      const { status, answer } = await ask(apiKey, operation, options?.headers);
      if (status === 401) onRefusal(answer.errors[0].message);
      return answer;
    };
  }, [apiKey]);
  const [atFirst] = useState(firstTabs);

  return (
    <main className="workbench">
      {/* Queries may name patients, so they are kept for the life of the tab only. */}
      <GraphiQL
        fetcher={fetcher}
        storage={sessionStorage}
        {...atFirst}
        defaultEditorToolsVisibility
        shouldPersistHeaders={false}
        showPersistHeadersSettings={false}
      >
        {/* Its own logo is a link to another host. */}
        <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
        {watching && <GraphiQL.Footer><p className="watching" role="status">{watching}</p></GraphiQL.Footer>}
      </GraphiQL>
    </main>
  );
}

/** Return the tabs for GraphiQL to begin with; those that it remembers itself come before them. */
function firstTabs() {
  const tabs = JSON.parse(kept('tabs') ?? '[]');
  if (!tabs.length || sessionStorage.getItem('graphiql:tabState')) return {};
  // GraphiQL shows the variables of every tab but the one that is open at first.
  return { defaultTabs: tabs, initialVariables: tabs[0].variables };
}

function isSubscription({ query, operationName }) {
  try {
    return getOperationAST(parse(query), operationName)?.operation === 'subscription';
  } catch {
    return false; // The service says what is wrong with the document.
  }
}

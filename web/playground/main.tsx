import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './playground.css';

import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { tabs } from './tabs.ts';

// subscriptionUrl, not wsClient: only then does each subscription send the Headers tab as its connection parameters.
const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  subscriptionUrl: `${location.origin.replace(/^http/, 'ws')}/graphql`,
});

createRoot(document.getElementById('playground')!).render(
  // No plugins: the history, which is one, would keep the headers, and with them tokens, in localStorage.
  <GraphiQL fetcher={fetcher} plugins={[]} defaultTabs={tabs} defaultEditorToolsVisibility>
    <GraphiQL.Logo>Millrace</GraphiQL.Logo>
  </GraphiQL>,
);

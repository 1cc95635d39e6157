import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Builds the playground to static files in `web/dist`, which the api serves under `/playground/`. */
export default defineConfig({
  root: here('./playground'),
  base: '/playground/',
  // The GraphQL worker loads its formatter on demand, which needs a module worker.
  worker: { format: 'es' },
  build: {
    outDir: here('./dist'),
    emptyOutDir: true,
    // The editor is one chunk of some megabytes; it is loaded after the page.
    chunkSizeWarningLimit: 8_000,
    // React's libraries carry "use client" marks, which mean nothing here: a hundred warnings otherwise.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
});

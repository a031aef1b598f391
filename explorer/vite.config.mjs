import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses, so that the page also works below a path of a proxy.
  base: './',
  build: {
    outDir: '../src/gappt_graphql/web/static',
    emptyOutDir: true,
    assetsDir: 'explorer',
    // The server's content security policy allows files of its own and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The licences of what is in these files ask to be handed on with them.
    license: { fileName: 'explorer/licences.md' },
    // Monaco, the editor inside GraphiQL, is this large.
    chunkSizeWarningLimit: 8000,
    rolldownOptions: {
      // "use client" means something to servers that render React; there is none here.
      onLog: (level, log, handler) => log.code === 'MODULE_LEVEL_DIRECTIVE' || handler(level, log),
    },
  },
  worker: { format: 'es' },
  logLevel: 'warn',
});

import { createLogger, defineConfig, type Plugin, type PreviewServer, type ViteDevServer } from 'vite';

// Only for the demo: whoever loads this page gets the key. A practice's own server gives it to staff, after a login.
const session = JSON.stringify({ key: process.env.BOARD_KEY ?? '', actor: 'front-desk' });

function serveSession({ middlewares }: ViteDevServer | PreviewServer): void {
  middlewares.use('/session.json', (_, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Cache-Control', 'no-store');
    response.end(session);
  });
}

const sessions: Plugin = { name: 'session', configureServer: serveSession, configurePreviewServer: serveSession };

// The page and the service stand under one origin, as behind a practice's proxy.
const proxy = { '/graphql': { target: process.env.GAPPT_ADDRESS ?? 'http://127.0.0.1:8000', ws: true } };

// Vite calls it an error when somebody closes the page, and its socket with it.
const logger = createLogger('warn');
const { error } = logger;
logger.error = (text, options) => (text.includes('ECONNRESET') ? undefined : error(text, options));

export default defineConfig({
  plugins: [sessions],
  build: { modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1000, license: { fileName: 'licences.md' } },
  server: { host: '127.0.0.1', proxy },
  preview: {
    host: '127.0.0.1',
    proxy,
    headers: {
      'Content-Security-Policy':
        // FullCalendar and React set styles by script, which needs no leave.
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  },
  customLogger: logger,
});

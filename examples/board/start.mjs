// Runs the board against the demo: our service with its trusted documents, a key for browsers, and the built page.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const [command, ...before] = (process.env.GAPPT ?? here('../../.venv/bin/gappt-graphql')).split(' ');
const folder = mkdtempSync(join(tmpdir(), 'gappt-board-'));
const store = ['--database-url', `sqlite:///${join(folder, 'book.db')}`];

let service;
let page;
let ending = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);

try {
  await run();
} catch (error) {
  console.error(error.message);
  await end(1);
}

async function run() {
  const port = await freePort();
  process.env.GAPPT_ADDRESS = `http://127.0.0.1:${port}`;
  const trusted = here('src/generated/persisted-documents.json');
  const served = ['serve', '--demo', '--port', String(port), '--trusted-documents', trusted, ...store];
  const log = process.env.BOARD_LOG ? 'inherit' : 'ignore';
  service = spawn(command, [...before, ...served], { stdio: ['ignore', 'pipe', log] });
  service.once('error', () =>
    console.error(`There is no ${command}: run \`make setup\` first, or name it with GAPPT=...`),
  );
  await told(service, 'Ctrl-C ends it.');
  service.once('exit', () => void end(1));

  const made = ['key', 'create', '--account', 'Demo practice', '--for', 'browser', '--json', ...store];
  process.env.BOARD_KEY = JSON.parse(execFileSync(command, [...before, ...made], { encoding: 'utf8' })).key;
  page = await preview({ root: here('.'), preview: { port: Number(process.env.PORT ?? 4100), strictPort: false } });
  // Vite would end us before the service has let go of its book.
  process.removeAllListeners('SIGTERM').on('SIGTERM', stop);
  console.log(`The board: ${page.resolvedUrls.local[0]}?business=1&week=${monday()}`);
  console.log('Ctrl-C ends it.');
}

/** The week of the demo. Its first practice has conflicts to look at. */
function monday() {
  const day = new Date();
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

/** Wait until it has said these words; throw if it ends before. */
async function told(child, words) {
  let text = '';
  child.stdout.setEncoding('utf8');
  await Promise.race([
    once(child, 'exit').then(() => Promise.reject(new Error('The service did not start: BOARD_LOG=1 shows why.'))),
    new Promise((resolve) => child.stdout.on('data', (part) => (text += part).includes(words) && resolve())),
  ]);
}

function stop() {
  void end(0);
}

// The service lets go of its book before the folder goes.
async function end(code) {
  if (ending) return;
  ending = true;
  page?.httpServer.closeAllConnections();
  if (service?.pid && service.exitCode === null && service.signalCode === null) {
    service.removeAllListeners('exit');
    const ended = once(service, 'exit');
    service.kill();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

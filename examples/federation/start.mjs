// Runs the graph: our service with its demo practice, the other subgraphs, and a gateway in front of them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billing, serveBilling } from './billing.mjs';
import { compose } from './compose.mjs';
import { serveGateway } from './gateway.mjs';
import { people, servePeople } from './people.mjs';

const words = process.argv.slice(2);
const kind = words.includes('apollo') ? 'apollo' : 'hive';
const elsewhere = words.includes('elsewhere');
const port = Number(process.env.PORT ?? 4000);
// The demo's records have the same ids every time.
const records = { patients: ['1', '2', '3', '4', '5', '6'], groupAppointments: ['1', '2', '3'] };

const command = process.env.GAPPT ?? fileURLToPath(new URL('../../.venv/bin/gappt-graphql', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'gappt-federation-'));
const environment = { ...process.env, GAPPT_DIRECTORY: elsewhere ? 'elsewhere' : 'here' };

let ours;
process.on('exit', () => {
  ours?.kill();
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);

try {
  await run();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}

async function run() {
  const { address, key } = await startOurs();
  const subgraphs = [
    { name: 'appointments', url: `${address}/graphql`, sdl: await printed('schema') },
    { name: 'billing', url: (await serveBilling(records)).address, sdl: billing },
  ];
  if (elsewhere) subgraphs.push({ name: 'people', url: (await servePeople(records)).address, sdl: people });
  const { supergraph, errors } = compose(subgraphs, kind === 'apollo' ? 'apollo' : 'guild');
  if (!supergraph) throw new Error(errors.map(({ message }) => message).join('\n'));
  const gateway = await serveGateway(supergraph, { kind, port });
  const fields = elsewhere ? 'label phone owesCents' : 'label owesCents';
  const query = `{ invoices(first: 3) { nodes { cents patient { ${fields} } groupAppointment { startsAt availableSeats } } } }`;
  console.log(`The graph: ${gateway.address}/graphql`);
  console.log('A query across its subgraphs:\n');
  console.log(`curl ${gateway.address}/graphql -H 'Authorization: Bearer ${key}' \\`);
  console.log(`  -H 'Content-Type: application/json' -d '${JSON.stringify({ query })}'\n`);
  console.log('Ctrl-C ends it.');
}

async function startOurs() {
  const port = await freePort();
  const book = `sqlite:///${join(folder, 'book.db')}`;
  ours = started(['serve', '--demo', '--port', String(port), '--database-url', book]);
  const key = await new Promise((resolve, reject) => {
    let text = '';
    ours.once('exit', () => reject(new Error('The service did not start.')));
    ours.stdout.on('data', (part) => {
      text += part;
      const key = /API key: +(\S+)\n/.exec(text);
      if (key) resolve(key[1]);
    });
  });
  ours.once('exit', () => process.exit(1));
  return { address: `http://127.0.0.1:${port}`, key };
}

// Our service lets go of its book before the folder goes.
function end() {
  if (!ours || ours.exitCode !== null) process.exit(0);
  ours.removeAllListeners('exit').once('exit', () => process.exit(0));
  ours.kill();
}

async function printed(...words) {
  let text = '';
  for await (const part of started(words).stdout) text += part;
  return text;
}

function started(words) {
  const process_ = spawn(command, words, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  process_.on('error', () => {
    console.error(`There is no ${command}: run \`make setup\` first, or name it with GAPPT=...`);
    process.exit(1);
  });
  return process_;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

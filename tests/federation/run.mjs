// What the tests start: one JSON argument says what, one line of JSON on stdout answers.
import { createRequire } from 'node:module';
import { compose } from '../../examples/federation/compose.mjs';
import { billing, serveBilling } from '../../examples/federation/billing.mjs';
import { people, servePeople } from '../../examples/federation/people.mjs';

const asked = JSON.parse(process.argv[2]);
const siblings = { billing, people };

function composed({ ours, with: names, composer, urls = {} }) {
  const subgraphs = [{ name: 'appointments', url: urls.appointments ?? 'http://appointments.invalid/', sdl: ours }];
  for (const name of names) subgraphs.push({ name, url: urls[name] ?? `http://${name}.invalid/`, sdl: siblings[name] });
  return compose(subgraphs, composer);
}

async function served({ ours, url, with: names, records, composer, kind }) {
  const urls = { appointments: url };
  if (names.includes('billing')) urls.billing = (await serveBilling(records)).address;
  if (names.includes('people')) urls.people = (await servePeople(records)).address;
  const { supergraph, errors } = composed({ ours, with: names, composer, urls });
  if (!supergraph) return { errors };
  const { serveGateway } = await import('../../examples/federation/gateway.mjs'); // takes seconds to load
  return { address: (await serveGateway(supergraph, { kind })).address };
}

if (asked.serve) {
  // Whoever started this may be gone without a word: then it goes, too.
  process.stdin.resume().on('end', () => process.exit(0));
  console.log(JSON.stringify(await served(asked)));
} else if (asked.trace) {
  const { Trace } = createRequire(import.meta.resolve('../../examples/federation/'))('@apollo/usage-reporting-protobuf');
  console.log(JSON.stringify(Trace.toObject(Trace.decode(Buffer.from(asked.trace, 'base64')), { longs: String })));
} else {
  process.stdout.write(JSON.stringify(composed(asked)), () => process.exit(0));
}

// The commands of the example: node src/main.ts COMMAND ...

import { parseArgs } from 'node:util';

import { book } from './book.ts';
import { follow } from './follow.ts';
import type { RepeatType } from './generated/graphql.ts';
import { repeat } from './repeat.ts';
import { Refused, Unanswered } from './server.ts';
import { week } from './week.ts';

const USAGE = `week BUSINESS [FROM_DATE]
book GROUP PATIENT [--waitlist]
repeat GROUP DAILY|WEEKLY|MONTHLY TIMES [--save]
follow [CURSOR]`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { waitlist: { type: 'boolean' }, save: { type: 'boolean' } },
});
const [command, first = '', second, third] = positionals;

try {
  if (command === 'week') await week(first, second);
  else if (command === 'book') await book(first, second ?? '', values.waitlist);
  else if (command === 'repeat') await repeat(first, second as RepeatType, Number(third), values.save);
  else if (command === 'follow') await follow(first || undefined);
  else console.log(USAGE);
} catch (error) {
  if (!(error instanceof Refused || error instanceof Unanswered)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

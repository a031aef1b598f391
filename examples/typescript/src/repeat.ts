// A group becomes a series, whose conflicts are seen before anything is saved.

import { randomUUID } from 'node:crypto';

import { graphql } from './generated/gql.ts';
import type { RepeatType } from './generated/graphql.ts';
import { askAgain } from './server.ts';
import { clock } from './week.ts';

const PreviewRepeat = graphql(`
  query PreviewRepeat($id: ID!, $input: RepeatGroupAppointmentInput!) {
    groupAppointment(id: $id) { version business { timeZone } }
    previewGroupAppointmentRepeat(input: $input) {
      occurrences { startsAt conflicts { items { kind message } } }
      userErrors { code message }
    }
  }
`);

const Repeat = graphql(`
  mutation Repeat($input: RepeatGroupAppointmentInput!) {
    repeatGroupAppointment(input: $input) {
      repeats { id }
      conflicting { startsAt }
      userErrors { code message }
    }
  }
`);

/** Print the dates of a series with their conflicts. If `save`, make it, without the dates that have any. */
export async function repeat(id: string, repeatType: RepeatType, numberOfRepeats: number, save = false): Promise<void> {
  const series = { id, repeatRule: { repeatType, repeatingInterval: 1, numberOfRepeats } };
  const { groupAppointment: group, previewGroupAppointmentRepeat: preview } = await askAgain(PreviewRepeat, {
    id,
    input: series,
  });
  for (const { message } of preview?.userErrors ?? []) console.log(`Not possible: ${message}`);
  if (!group || !preview || preview.userErrors.length > 0) return;

  for (const { startsAt, conflicts } of preview.occurrences) {
    const date = clock(startsAt, group.business.timeZone, { dateStyle: 'full' });
    console.log(date, conflicts.items.length === 0 ? 'is free' : 'is taken:');
    for (const { kind, message } of conflicts.items) console.log(`  ${kind}: ${message}`);
  }
  if (!save) return;

  const { repeatGroupAppointment: repeated } = await askAgain(Repeat, {
    input: {
      ...series,
      onConflict: 'SKIP',
      // What was previewed is what is saved: if somebody edited the group in between, this is refused as STALE_VERSION.
      expectedVersion: group.version,
      idempotencyKey: randomUUID(),
    },
  });
  for (const { code, message } of repeated?.userErrors ?? []) {
    console.log(code === 'STALE_VERSION' ? 'Somebody changed the group: look at it again' : `Not saved: ${message}`);
  }
  if (repeated?.userErrors.length === 0) {
    console.log(`Saved ${repeated.repeats.length} repeats, left out ${repeated.conflicting.length}`);
  }
}

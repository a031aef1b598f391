// The tabs to begin with, filled with what the practice holds.
import * as documents from './documents.js';
import { ask } from './service.js';

/** Return the tabs as GraphiQL wants them, or the problem with this key as a sentence. */
export async function readyMadeTabs(key) {
  const now = new Date();
  const variables = { now: instant(now) };
  const { answer } = await ask(key, { query: documents.lookAround, variables, operationName: 'LookAround' });
  if (!answer.data) return { problem: answer.errors[0].message };
  return { tabs: tabsFor(answer.data, now) };
}

function tabsFor({ all, upcoming }, now) {
  const [monday, nextMonday, inFourWeeks] = [0, 7, 28].map(days => instant(mondayOf(now, days)));
  const groups = upcoming?.nodes ?? [];
  const free = groups.find(group => group.availableSeats > 0 && strangerTo(group, groups));
  const single = groups.find(group => !group.repeatRule);
  const tabs = [
    tab(documents.week, { from: monday, to: nextMonday }),
    tab(documents.bookPatient, {
      input: { groupAppointmentId: free?.id ?? '', patientIds: free ? [strangerTo(free, groups)] : [] },
    }),
    tab(documents.repeat, {
      input: {
        id: single?.id ?? '',
        repeatRule: { repeatType: 'WEEKLY', repeatingInterval: 1, numberOfRepeats: 3 },
        copyAttendees: true,
      },
    }),
    tab(documents.conflicts, { from: monday, to: inFourWeeks }),
    tab(documents.watchChanges),
  ];
  return all?.totalCount === 0 ? [tab(documents.firstRecords), ...tabs] : tabs;
}

const tab = (query, variables) => ({ query, variables: variables ? JSON.stringify(variables, null, 2) : '' });

/** Return the id of a patient who is in another of these groups, but not in this one. */
const strangerTo = (group, groups) =>
  groups.flatMap(other => other.patientIds).find(id => !group.patientIds.includes(id));

/** Return the first moment of this week's Monday on the clock of this computer, or of so many days after it. */
function mondayOf(now, days) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - ((now.getDay() + 6) % 7) + days);
}

const instant = date => date.toISOString().replace(/\.\d+/, '');

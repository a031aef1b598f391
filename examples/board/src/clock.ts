// Dates and times as the practice's own clock shows them, wherever the browser is.

import { Temporal } from 'temporal-polyfill';

const LANGUAGE = 'en-GB';

/** The date that it is at the practice, as `2026-11-16`. */
export function today(timeZone: string): string {
  return Temporal.Now.plainDateISO(timeZone).toString();
}

/** @throws RangeError if this is no date */
export function mondayOf(date: string): string {
  const day = Temporal.PlainDate.from(date);
  return day.subtract({ days: day.dayOfWeek - 1 }).toString();
}

export function addDays(date: string, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}

/** The instants at which a week begins and ends there. It has 168 hours, or one more or less when the clocks change. */
export function weekOf(monday: string, timeZone: string): { from: string; until: string } {
  const midnight = (date: string) => Temporal.PlainDate.from(date).toZonedDateTime(timeZone).toInstant().toString();
  return { from: midnight(monday), until: midnight(addDays(monday, 7)) };
}

/** `16–22 November 2026` */
export function weekInWords(monday: string): string {
  const style = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return style.formatRange(Date.parse(monday), Date.parse(addDays(monday, 6)));
}

/** `10:00–11:00`, which no line breaks within */
export function hours({ startsAt, endsAt }: { startsAt: string; endsAt: string }, timeZone: string): string {
  return `${clock(startsAt, timeZone)}\u2060–\u2060${clock(endsAt, timeZone)}`;
}

export function clock(instant: string, timeZone: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, { timeStyle: 'short', timeZone }).format(Date.parse(instant));
}

/** `Tue 17 Nov`, or with `long` `Tuesday 17 November` */
export function day(instant: string, timeZone: string, length: 'short' | 'long' = 'short'): string {
  const style = { weekday: length, day: 'numeric', month: length, timeZone } as const;
  return new Intl.DateTimeFormat(LANGUAGE, style).format(Date.parse(instant)).replace(',', '');
}

/** `Australia/Sydney, GMT+11` */
export function zoneInWords(timeZone: string, date: string): string {
  const style = new Intl.DateTimeFormat(LANGUAGE, { timeZone, timeZoneName: 'shortOffset' });
  const name = style.formatToParts(Date.parse(date)).find(({ type }) => type === 'timeZoneName');
  return `${timeZone.replace('_', ' ')}, ${name?.value}`;
}

// A series, whose dates are seen with their conflicts before anything is saved.

import { type FormEvent, useEffect, useState } from 'react';
import { useQuery } from 'urql';

import { clock, day } from './clock';
import { graphql } from './generated';
import type { RepeatType } from './generated/graphql';
import type { PanelProps } from './GroupDialog';
import { useOnce } from './once';
import { Choice, Wrong } from './parts';
import { inWords } from './server';
import { counted, reasonInWords, ruleInWords } from './words';

const PreviewRepeat = graphql(`
  query PreviewRepeat($input: RepeatGroupAppointmentInput!) {
    previewGroupAppointmentRepeat(input: $input) {
      occurrences { index startsAt conflicts { exist items { ...Reason } } }
      userErrors { field message }
    }
  }
`);

const SaveRepeat = graphql(`
  mutation SaveRepeat($input: RepeatGroupAppointmentInput!) {
    repeatGroupAppointment(input: $input) {
      repeats { id }
      conflicting { startsAt }
      userErrors { code field message }
    }
  }
`);

const ON_CONFLICT = { SKIP: 'leave out', ALLOW: 'save all the same' };

export function Repeat(props: PanelProps) {
  const { repeatRule: rule, archivedAt } = props.group;
  if (rule) return <p>{ruleInWords(rule)}.</p>;
  return archivedAt ? <p>An archived group can’t repeat.</p> : <NewSeries {...props} />;
}

function NewSeries({ group, business, done }: PanelProps) {
  const [repeatType, setRepeatType] = useState<RepeatType>('WEEKLY');
  const [repeatingInterval, setInterval] = useState(1);
  const [numberOfRepeats, setNumber] = useState(4);
  const [copyAttendees, setCopyAttendees] = useState(true);
  const [onConflict, setOnConflict] = useState<keyof typeof ON_CONFLICT>('SKIP');
  const [refused, setRefused] = useState<string>();
  const save = useOnce(SaveRepeat);
  const repeatRule = { repeatType, repeatingInterval, numberOfRepeats };
  const series = { id: group.id, repeatRule, copyAttendees, onConflict };
  const input = useSettled(series);
  const [{ data, error, fetching }] = useQuery({ query: PreviewRepeat, variables: { input } });
  const current = !fetching && JSON.stringify(input) === JSON.stringify(series);
  const preview = data?.previewGroupAppointmentRepeat;
  const dates = preview?.occurrences ?? [];
  const conflicting = dates.filter(({ index, conflicts }) => index > 0 && conflicts.exist).length;
  const saved = dates.length - 1 - (onConflict === 'SKIP' ? conflicting : 0);
  const errorAt = (name: string) => preview?.userErrors.find(({ field }) => field?.at(-1) === name)?.message;
  const others = preview?.userErrors.find(({ field }) => field?.[0] !== 'repeatRule')?.message;
  const possible = current && preview?.userErrors.length === 0 && saved > 0;

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!possible || save.busy) return;
    // What was previewed is what is saved: if somebody changed the group in between, this is refused as STALE_VERSION.
    const answer = await save.run({ ...series, expectedVersion: group.version });
    if (!answer?.repeatGroupAppointment) return;
    const { userErrors, repeats, conflicting: left } = answer.repeatGroupAppointment;
    setRefused(userErrors.map(({ message }) => message).join(' ') || undefined);
    if (userErrors.length > 0) return;
    done(`${counted(repeats.length, 'repeat')} saved${left.length > 0 ? `, ${left.length} left out` : ''}.`);
  }

  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Repeat">
      <div className="rule">
        <Amount
          label="Every" max={52} value={repeatingInterval} set={setInterval} error={errorAt('repeatingInterval')}
        />
        <label>
          Step
          <select value={repeatType} onChange={({ target }) => setRepeatType(target.value as RepeatType)}>
            <option value="DAILY">days</option>
            <option value="WEEKLY">weeks</option>
            <option value="MONTHLY">months</option>
          </select>
        </label>
        <Amount
          label="How many more" max={365} value={numberOfRepeats} set={setNumber} error={errorAt('numberOfRepeats')}
        />
      </div>
      <label className="check">
        <input type="checkbox" checked={copyAttendees} onChange={({ target }) => setCopyAttendees(target.checked)} />
        Book the same patients into each
      </label>
      <Wrong>{error && inWords(error)}</Wrong>
      <ol className="dates" aria-label="Dates" aria-busy={!current} tabIndex={0}>
        {dates.map(({ index, startsAt, conflicts }) => (
          <li key={index} className={conflicts.exist ? 'wrong' : undefined}>
            {day(startsAt, business.timeZone)}, {clock(startsAt, business.timeZone)}
            {index === 0 ? ' (this one)' : conflicts.exist && onConflict === 'SKIP' && ' (left out)'}
            {conflicts.items.map((reason, at) => (
              <span key={at} className="field-error">{reasonInWords(reason, group.practitioner.label, business)}</span>
            ))}
          </li>
        ))}
      </ol>
      <Choice legend="Dates with a conflict" options={ON_CONFLICT} value={onConflict} choose={setOnConflict} />
      <Wrong>{refused ?? save.failure ?? (current && others)}</Wrong>
      <div className="buttons">
        <button type="submit" className="main" aria-disabled={!possible || save.busy}>
          Save {counted(Math.max(saved, 0), 'repeat')}
        </button>
      </div>
    </form>
  );
}

type AmountProps = {
  label: string;
  max: number;
  value: number;
  set: (value: number) => void;
  error: string | undefined;
};

function Amount({ label, max, value, set, error }: AmountProps) {
  return (
    <label>
      {label}
      <input
        type="number" min={1} max={max} value={value} aria-invalid={error !== undefined}
        onChange={({ target }) => set(target.valueAsNumber || 0)}
      />
      <Wrong>{error}</Wrong>
    </label>
  );
}

/** The value, once it has been the same for a moment: who types 12 does not ask for 1. */
function useSettled<Value>(value: Value): Value {
  const said = JSON.stringify(value);
  const [settled, setSettled] = useState(said);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(said), 200);
    return () => clearTimeout(timer);
  }, [said]);
  return JSON.parse(settled) as Value;
}

// Parts that more than one form has.

import type { ReactNode } from 'react';

/** What is wrong, which a screen reader says at once; nothing while nothing is. */
export function Wrong({ children }: { children: ReactNode }) {
  return children ? <span className="field-error" role="alert">{children}</span> : null;
}

type ChoiceProps<Value extends string> = {
  legend: string;
  options: Record<Value, string>;
  value: Value;
  choose: (value: Value) => void;
};

export function Choice<Value extends string>({ legend, options, value, choose }: ChoiceProps<Value>) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {(Object.entries(options) as [Value, string][]).map(([one, words]) => (
        <label key={one} className="check">
          <input type="radio" name={legend} checked={value === one} onChange={() => choose(one)} />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

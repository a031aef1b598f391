import icon from '../icon.svg';

/** The line above GraphiQL: whose explorer this is, which key it uses, and how to use another. */
export function KeyBar({ apiKey, onOther }) {
  return (
    <header className="key-bar">
      <img src={icon} alt="" width="22" height="22" />
      <h1>Group appointments</h1>
      <span className="key-in-use">key …{apiKey.slice(-4)}</span>
      <button type="button" onClick={onOther}>Use another key</button>
    </header>
  );
}

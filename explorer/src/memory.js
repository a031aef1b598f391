// What the page remembers lives as long as its tab in the browser: in no cookie, no address, and nowhere after that.
const PREFIX = 'gappt:';
const AFRESH = `${PREFIX}afresh`;

// The mark is obeyed before anything is read, since GraphiQL may write its tabs once more while the page goes away.
if (sessionStorage.getItem(AFRESH)) sessionStorage.clear();

export const kept = name => sessionStorage.getItem(PREFIX + name);

export const keep = (name, value) => sessionStorage.setItem(PREFIX + name, value);

export const forget = name => sessionStorage.removeItem(PREFIX + name);

/** Forget the key, the tabs and the history, which may name people of this practice, and load the page anew. */
export function startAfresh() {
  sessionStorage.clear();
  sessionStorage.setItem(AFRESH, 'yes');
  location.reload();
}

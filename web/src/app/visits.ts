/** What the browser remembers from one opening of the workbench to the next. It only saves requests and clicks: without it all works. */

const SIGNED_IN = "dexter-signed-in";
const OPENED = "dexter-opened";

/** Whether somebody was signed in here last: then their list is worth asking for before the gateway has said so. */
export const wasSignedIn = (): boolean => read(localStorage, SIGNED_IN);

export function rememberSignedIn(is: boolean): void {
  write(localStorage, SIGNED_IN, is);
}

/** Whether this tab shows the stream for the first time; from then on its address alone says which project it is of. */
export function isFirstVisit(): boolean {
  const first = !read(sessionStorage, OPENED);
  if (first) write(sessionStorage, OPENED, true);
  return first;
}

function read(store: Storage, key: string): boolean {
  return store.getItem(key) !== null;
}

function write(store: Storage, key: string, is: boolean): void {
  if (is) store.setItem(key, "1");
  else store.removeItem(key);
}

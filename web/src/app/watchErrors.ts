import { reportClientError } from "@/api/clientErrors";

/** A broken page can fail many times a second; the log needs the first few. */
const MOST = 5;

/** Tell the gateway's log of errors that no boundary catches: in handlers, timers and promises. Gives the way to stop. */
export function watchErrors(target: Window): () => void {
  let told = 0;
  const tell = (error: unknown) => {
    told += 1;
    if (told <= MOST) void reportClientError(error, "unhandled");
  };
  const onError = (event: ErrorEvent) => tell(event.error ?? event.message);
  const onRejection = (event: PromiseRejectionEvent) => tell(event.reason);
  target.addEventListener("error", onError);
  target.addEventListener("unhandledrejection", onRejection);
  return () => {
    target.removeEventListener("error", onError);
    target.removeEventListener("unhandledrejection", onRejection);
  };
}

/** In a tab that nobody looks at no frame is drawn: there it is done so often, in milliseconds. */
const HIDDEN_MS = 250;

/** Gives what has `run` called once, before the next frame is drawn, however often it is asked for until then. */
export function beforeNextFrame(run: () => void): () => void {
  let isAsked = false;
  const now = (): void => {
    isAsked = false;
    run();
  };
  return () => {
    if (isAsked) return;
    isAsked = true;
    if (document.hidden) setTimeout(now, HIDDEN_MS);
    else requestAnimationFrame(now);
  };
}

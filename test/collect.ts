import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects all garbage, at once, as V8's own function does. What it frees outside the heap is swept a little later. */
export const collect: (options?: object) => void = runInNewContext("gc");

/** Whether nothing holds an object any more, besides a weak reference. A turn has gone by, in which it may have been used. */
export async function isCollected(object: WeakRef<object>): Promise<boolean> {
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return object.deref() === undefined;
}

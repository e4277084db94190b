import type { Step } from "../follow/followed.ts";

/** A step with its time, since the call began, in milliseconds. */
export interface TimedStep {
  readonly kind: "step";
  readonly step: Step;
  readonly atMs: number;
}

/** Steps that nobody has taken in: past it further ones are counted, and left out. */
const MAX_WAITING = 1_000;

/** Steps on their way. */
export interface Steps {
  add(step: Step, atMs: number): void;
  /** Those that have come since the last time, in their order. */
  take(): readonly TimedStep[];
  /** Called when there is one. */
  onAdd: (() => void) | undefined;
}

export function createSteps(): Steps {
  let waiting: TimedStep[] = [];
  let leftOut = 0;
  const steps: Steps = {
    onAdd: undefined,
    add(step, atMs) {
      if (waiting.length >= MAX_WAITING) leftOut++;
      else waiting.push({ kind: "step", step: { ...step, leftOut: takeLeftOut() }, atMs });
      steps.onAdd?.();
    },
    take() {
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };

  function takeLeftOut(): number {
    const count = leftOut;
    leftOut = 0;
    return count;
  }

  return steps;
}

/** Events as they are asked for, one at a time, with the steps that happen meanwhile. */
export async function* withSteps<E>(
  events: AsyncGenerator<E>,
  steps: Steps,
): AsyncGenerator<E | TimedStep, void> {
  let wake: () => void = () => {};
  let found: { readonly result: IteratorResult<E> } | { readonly reason: unknown } | undefined;
  const ask = (): void =>
    void events.next().then(
      (result) => {
        found = { result };
        wake();
      },
      (reason: unknown) => {
        found = { reason };
        wake();
      },
    );
  steps.onAdd = () => wake();
  try {
    ask();
    for (;;) {
      const happened = Promise.withResolvers<void>();
      wake = happened.resolve;
      yield* steps.take();
      if (found === undefined) await happened.promise;
      else if ("reason" in found) throw found.reason;
      else if (found.result.done === true) return;
      else {
        const { value } = found.result;
        found = undefined;
        yield value;
        ask();
      }
    }
  } finally {
    steps.onAdd = undefined;
    await events.return(undefined);
  }
}

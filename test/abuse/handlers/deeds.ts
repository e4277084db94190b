import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";

/** What a handler does that is told to. */
export interface Deed {
  /** Where it answers once: what it returns. */
  once(context: HandlerContext): unknown;
  /** Where it answers a stream: what it returns. */
  stream(context: HandlerContext): unknown;
}

const forever = new Promise<never>(() => {});
const boom = (): never => {
  throw new Error("boom");
};

/** What only has a `then`, as the promises of some libraries do. */
function thenable(then: (resolve: (value: object) => void) => void): object {
  return { then };
}

/** Iterators of which one method is not as the language has it. */
function iteratorWith(methods: object): object {
  return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: {} }), ...methods }) };
}

/** A deed whose stream yields once and then does the same as where it answers once. */
function thenOnce(once: (context: HandlerContext) => unknown): Deed {
  return {
    once,
    async *stream(context) {
      yield {};
      yield (await once(context)) as object; // wrong on purpose, where it is
    },
  };
}

function untilAborted({ signal }: HandlerContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** What the handlers of the subject do, by the header `x-deed`. */
export const deeds: Readonly<Record<string, Deed>> = {
  good: thenOnce(() => ({})),
  never: thenOnce(() => forever),
  listens: thenOnce(untilAborted),
  throws: thenOnce(boom),
  "throws nothing": thenOnce(() => Promise.reject()),
  "throws a text": thenOnce(() => Promise.reject("text")),
  "throws what cannot be read": thenOnce(() =>
    Promise.reject(Object.defineProperty({}, "message", { get: boom })),
  ),
  "throws a lone surrogate": thenOnce(() => Promise.reject(new ConnectError("a\ud800b", Code.Aborted))),
  "throws a megabyte": thenOnce(() => Promise.reject(new ConnectError("é".repeat(1 << 20), Code.Aborted))),
  null: thenOnce(() => null),
  undefined: thenOnce(() => undefined),
  text: thenOnce(() => "text"),
  number: thenOnce(() => 7),
  "a list": thenOnce(() => [1]),
  "a thenable": {
    once: () => thenable((resolve) => resolve({})),
    stream: () => iteratorWith({ next: () => thenable((resolve) => resolve({ done: true })) }),
  },
  "a thenable that throws": {
    once: () => thenable(boom),
    stream: () => iteratorWith({ next: () => thenable(boom) }),
  },
  "next throws": { once: boom, stream: () => iteratorWith({ next: boom }) },
  "next gives no promise": { once: boom, stream: () => iteratorWith({ next: () => 7 }) },
  "no iterator": { once: boom, stream: () => ({}) },
  "return throws": { once: untilAborted, stream: () => iteratorWith({ next: () => forever, return: boom }) },
  "return gives no promise": {
    once: untilAborted,
    stream: () => iteratorWith({ next: () => forever, return: () => 7 }),
  },
  "return never ends": {
    once: untilAborted,
    stream: () => iteratorWith({ next: () => forever, return: () => forever }),
  },
  "finally throws": {
    async once(context) {
      try {
        await untilAborted(context);
      } finally {
        boom();
      }
    },
    async *stream(context) {
      try {
        yield {};
        await untilAborted(context);
      } finally {
        boom();
      }
    },
  },
  "yields without end": {
    once: untilAborted,
    async *stream({ signal }) {
      while (!signal.aborted) yield {};
    },
  },
  "leaves a rejection behind": thenOnce(() => {
    void Promise.reject(new Error("boom"));
    return {};
  }),
  "leaves a timer that throws": thenOnce(() => {
    setTimeout(boom, 1);
    return {};
  }),
  "sets headers of the protocol": thenOnce(({ responseHeader, responseTrailer }) => {
    for (const headers of [responseHeader, responseTrailer]) {
      headers.set("content-length", "3");
      headers.set("grpc-status", "5");
      headers.set("connection", "close");
    }
    return {};
  }),
  "has fields that throw": thenOnce(() =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ["user", "logsReceived", "text"].map((name) => [name, { get: boom, enumerable: true }]),
      ),
    ),
  ),
};

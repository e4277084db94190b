import type { Letter } from "./messages.ts";

/** What one end of a channel asks and tells the other. */
export interface Letters {
  /** Asks; undefined when there is no answer within `timeoutMs`, or the other end is gone. @param text Default: empty */
  ask(about: string, timeoutMs: number, text?: string): Promise<string | undefined>;
  /** Resolves when the other end can be told no more by waiting: it has been sent, or there is nobody to send it to. */
  tell(about: string, text: string): Promise<void>;
  /** Takes a letter of the other end. */
  take(letter: Letter): void;
  /** Nobody answers any more. */
  close(): void;
}

/** Who takes the letters of the other end. */
export interface LetterReader {
  /** Answers a question. One that it rejects has no answer. */
  answer(about: string, text: string): string | Promise<string>;
  /** Hears a notice. */
  hear(about: string, text: string): void;
}

/** Questions that may be open; with more, the oldest has no answer. */
const MAX_OPEN = 1_000;

/** @param send sends a letter to the other end, and calls `sent` when it has, or when that is gone */
export function createLetters(
  send: (letter: Letter, sent?: () => void) => void,
  reader: LetterReader,
): Letters {
  const open = new Map<number, (text: string | undefined) => void>();
  let lastId = 0;

  function settle(id: number, text: string | undefined): void {
    open.get(id)?.(text);
    open.delete(id);
  }

  async function answer(id: number, about: string, text: string): Promise<void> {
    try {
      send({ kind: "answer", id, text: await reader.answer(about, text) });
    } catch {
      // Who asks learns by the time that is over.
    }
  }

  return {
    ask(about, timeoutMs, text = "") {
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      const id = ++lastId;
      const timer = setTimeout(settle, timeoutMs, id, undefined);
      open.set(id, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      const [oldest] = open.keys();
      if (open.size > MAX_OPEN && oldest !== undefined) settle(oldest, undefined);
      send({ kind: "question", id, about, text });
      return promise;
    },
    tell: (about, text) => new Promise((resolve) => send({ kind: "notice", about, text }, resolve)),
    take(letter) {
      switch (letter.kind) {
        case "question":
          void answer(letter.id, letter.about, letter.text);
          return;
        case "answer":
          settle(letter.id, letter.text);
          return;
        case "notice":
          reader.hear(letter.about, letter.text);
      }
    },
    close() {
      for (const id of open.keys()) settle(id, undefined);
    },
  };
}

import { once } from "node:events";

type Fields = Readonly<Record<string, unknown>>;

/** A debugger over the inspector's WebSocket, as DevTools is one. */
export interface Debugger {
  /** Sends a command, and gives its result. */
  ask(method: string, params?: Fields): Promise<Fields>;
  /** The next event of this name that nobody has taken; throws when none has come in a minute. */
  event(name: string): Promise<Fields>;
  /** How many events of this name have come. */
  count(name: string): number;
  close(): void;
}

const MAX_WAIT_MS = 60_000;

export async function connectDebugger(url: string): Promise<Debugger> {
  const socket = new WebSocket(url);
  const answers = new Map<number, PromiseWithResolvers<Fields>>();
  const events = new Map<string, Fields[]>();
  const counts = new Map<string, number>();
  const waiting = new Set<() => void>();
  let lastId = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(String(data));
    if (id !== undefined) {
      const asked = answers.get(id);
      answers.delete(id);
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(new Error(JSON.stringify(error)));
      return;
    }
    counts.set(method, (counts.get(method) ?? 0) + 1);
    events.set(method, [...(events.get(method) ?? []), params]);
    for (const look of waiting) look();
  });
  await once(socket, "open");
  return {
    ask(method, params = {}) {
      const answer = Promise.withResolvers<Fields>();
      answers.set(++lastId, answer);
      socket.send(JSON.stringify({ id: lastId, method, params }));
      return answer.promise;
    },
    event: (name) =>
      new Promise((resolve, reject) => {
        const clock = setTimeout(() => reject(new Error(`no ${name} has come`)), MAX_WAIT_MS);
        const look = (): void => {
          const found = events.get(name)?.shift();
          if (found === undefined) return;
          waiting.delete(look);
          clearTimeout(clock);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    count: (name) => counts.get(name) ?? 0,
    close: () => socket.close(),
  };
}

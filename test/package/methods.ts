/** A method of each kind, as a person writes it: the numbers that it is sent, and those that it answers with. */
export const methods = [
  {
    name: "Weigh",
    kind: "unary",
    body: "async weigh({ number }) { return { seen: number }; }",
    requests: [3],
    seen: [3],
  },
  {
    name: "Track",
    kind: "server-streaming",
    body: "async *track({ number }) { for (let seen = 1; seen <= number; seen++) yield { seen }; }",
    requests: [3],
    seen: [1, 2, 3],
  },
  {
    name: "Load",
    kind: "client-streaming",
    body: "async load(requests) { let seen = 0; for await (const { number } of requests) seen += number; return { seen }; }",
    requests: [3, 4],
    seen: [7],
  },
  {
    name: "Talk",
    kind: "bidi-streaming",
    body: "async *talk(requests) { for await (const { number } of requests) yield { seen: number }; }",
    requests: [3, 4],
    seen: [3, 4],
  },
] as const;

/** What a client was answered: the numbers, by the name of the method. */
export type Seen = Readonly<Record<string, readonly number[]>>;

/** What a client has to have seen that has called every method; without `takesStreams`, those that take one message alone. */
export function wantedOf(takesStreams: boolean): Seen {
  const called = methods.filter(({ requests }) => takesStreams || requests.length === 1);
  return Object.fromEntries(called.map(({ name, seen }) => [name, seen]));
}

/** What every client of WireService prints: all four kinds, 3 MiB both ways, 20,000 messages each way, and the ends of calls. */
export const expectedLines: readonly string[] = [
  "unary hello",
  "server_streaming 1 2 3",
  "client_streaming 5050",
  "bidi_streaming 100",
  `large ${3 * 2 ** 20} true`,
  "many_out 20000",
  "many_in 200010000",
  "many_both 20000",
  "cancel 1",
  "deadline DEADLINE_EXCEEDED",
  "unknown UNIMPLEMENTED",
];

/** What the server's records say of the two calls that do not end by themselves. */
export const expectedEnds: readonly string[] = ["canceled by client", "deadline_exceeded by deadline"];

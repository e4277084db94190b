/** A line that the Go client prints. */
export interface Seen {
  readonly name: string;
  readonly messages: readonly string[];
  readonly code: string;
  /** Of the error. */
  readonly message: string;
  /** Field and rule of each violation in the error's details. */
  readonly violations: readonly string[];
}

/** What a row of request_log holds of a call: the end of its request id, method, code, messages in and out. */
export type Row = readonly [
  id: string,
  method: string,
  code: string,
  messagesIn: number,
  messagesOut: number,
];

/** What one scenario of the Go client must come to. */
export interface Scenario extends Omit<Seen, "message"> {
  /** Undefined where the client words it, or the encoding is part of it. */
  readonly message: string | undefined;
  readonly rows: readonly Row[];
  readonly needsHttp2: boolean;
}

const badKey = { code: "unauthenticated", message: "unknown API key" };

/** The scenarios in the order of scenarios.go, as the client of this name sees them. */
export function scenariosOf(client: string): readonly Scenario[] {
  return [
    scenario("unary", { messages: ["dev@localhost"], rows: [["", "GetUser", "ok", 1, 1]] }),
    scenario("not found", {
      code: "not_found",
      message: "there is no user 00000000-0000-4000-8000-00000000dead",
      rows: [["", "GetUser", "not_found", 1, 0]],
    }),
    scenario("invalid", {
      code: "invalid_argument",
      message: "id: must be a valid UUID [string.uuid]",
      violations: ["id string.uuid"],
      rows: [["", "GetUser", "invalid_argument", 1, 0]],
    }),
    scenario("no such method", {
      code: "unimplemented",
      message: "there is no method /rig.users.v1.UserService/Nothing",
      rows: [["", "Nothing", "unimplemented", 0, 0]],
    }),
    scenario("server stream", {
      messages: ["dev@localhost", "1@example.com", "2@example.com"],
      rows: [["", "StreamUsers", "ok", 1, 3]],
    }),
    scenario("invalid server stream", {
      code: "invalid_argument",
      message: "limit: must be greater than or equal to 0 [int32.gte]",
      violations: ["limit int32.gte"],
      rows: [["", "StreamUsers", "invalid_argument", 1, 0]],
    }),
    scenario("client stream", { messages: ["4 lines"], rows: [["", "UploadLogs", "ok", 3, 1]] }),
    scenario("client stream refused midway", {
      code: "invalid_argument",
      message: "entries: must contain at least 1 item(s) [repeated.min_items]",
      violations: ["entries repeated.min_items"],
      rows: [["", "UploadLogs", "invalid_argument", 2, 0]],
    }),
    scenario("large messages", {
      messages: ["15 lines", "900000 characters"],
      rows: [
        ["", "UploadLogs", "ok", 1, 1],
        ["/list", "ListLogs", "ok", 1, 1],
      ],
    }),
    scenario("too large a message", {
      code: "resource_exhausted",
      message: undefined,
      rows: [["", "UploadLogs", "resource_exhausted", 0, 0]],
    }),
    scenario("chat", {
      needsHttp2: true,
      messages: [
        ...["ann: JOINED", "bob: JOINED"],
        ...["ann: RECEIPT Received: hello", "bob: MESSAGE hello"],
        ...["bob: RECEIPT Received: hi", "ann: MESSAGE hi"],
        ...["ann: end", "bob: end"],
      ],
      rows: [
        ["/ann", "Chat", "ok", 2, 3],
        ["/bob", "Chat", "ok", 2, 3],
      ],
    }),
    scenario("chat refused midway", {
      needsHttp2: true,
      messages: ["ann: JOINED"],
      code: "invalid_argument",
      message: `room "${client}2" is not "${client}", which this call is in: open another call`,
      rows: [["/ann", "Chat", "invalid_argument", 2, 1]],
    }),
    scenario("wrong key, unary", { ...badKey, rows: [["", "GetUser", "unauthenticated", 0, 0]] }),
    scenario("wrong key, server stream", { ...badKey, rows: [["", "StreamUsers", "unauthenticated", 0, 0]] }),
    scenario("wrong key, client stream", { ...badKey, rows: [["", "UploadLogs", "unauthenticated", 0, 0]] }),
    scenario("wrong key, chat", {
      ...badKey,
      needsHttp2: true,
      rows: [["/ann", "Chat", "unauthenticated", 0, 0]],
    }),
    scenario("no key", {
      code: "unauthenticated",
      message: "this call needs an API key, in x-api-key or authorization: Bearer",
      rows: [["", "GetUser", "unauthenticated", 0, 0]],
    }),
    scenario("cancelled", {
      messages: [client],
      code: "canceled",
      message: undefined,
      rows: [
        ["", "StreamEvents", "canceled", 1, 1],
        ["/publish", "PublishEvent", "ok", 1, 1],
      ],
    }),
    scenario("expired", {
      code: "deadline_exceeded",
      message: undefined,
      rows: [["", "StreamEvents", "deadline_exceeded", 1, 0]],
    }),
    scenario("many calls at once", {
      needsHttp2: true,
      messages: ["90 answers"],
      rows: Array.from({ length: 90 }, (_, index) => [`/${index}`, "GetUser", "ok", 1, 1]),
    }),
  ];
}

/** A scenario that succeeds, but for what is said of it. */
function scenario(
  name: string,
  expected: Partial<Omit<Scenario, "rows">> & Pick<Scenario, "rows">,
): Scenario {
  return { name, messages: [], code: "ok", message: "", violations: [], needsHttp2: false, ...expected };
}

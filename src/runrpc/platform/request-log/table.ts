import { index, integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

/**
 * One row for each finished call. It refers to nothing: a call may name a user or a key that does not exist, and
 * what was done stays on record when its user is deleted.
 */
export const requestLog = sqliteTable(
  "request_log",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    startedAt: integer("started_at", { mode: "timestamp_ms" }).notNull(),
    requestId: text("request_id").notNull(),
    service: text("service").notNull(),
    method: text("method").notNull(),
    kind: text("kind").notNull(),
    protocol: text("protocol").notNull(),
    httpVersion: text("http_version").notNull(),
    /** `ok`, or a Connect code such as `not_found`. */
    code: text("code").notNull(),
    error: text("error").notNull(),
    /** To the end of the response stream, in milliseconds. */
    durationMs: real("duration_ms").notNull(),
    messagesIn: integer("messages_in").notNull(),
    messagesOut: integer("messages_out").notNull(),
    bytesIn: integer("bytes_in").notNull(),
    bytesOut: integer("bytes_out").notNull(),
    peer: text("peer").notNull(),
    /** Null: nobody was authenticated. */
    subject: text("subject"),
    keyId: text("key_id"),
    /** Null: the handler ended by itself. */
    cancelledBy: text("cancelled_by"),
    abandoned: integer("abandoned", { mode: "boolean" }).notNull(),
    /** As JSON, without what is sensitive. Null: none is kept. */
    request: text("request"),
    /** What is missing of the request, or why none is kept. Null: nothing is to be said. */
    requestNote: text("request_note"),
    /** 32 hexadecimal digits. Null: no spans are made. */
    traceId: text("trace_id"),
  },
  // Rows leave by age.
  (table) => [index("request_log_started_at").on(table.startedAt)],
);

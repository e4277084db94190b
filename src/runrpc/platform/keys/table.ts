import { blob, index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** API keys, by their visible prefix. The keys themselves are nowhere. */
export const keys = sqliteTable(
  "keys",
  {
    keyId: text("key_id").notNull().primaryKey(),
    /** SHA-256 of the whole key. */
    hash: blob("hash", { mode: "buffer" }).notNull(),
    /** Whom the key speaks for: an id that the application's accounts gave, or a text. It refers to no table of the platform's. */
    subject: text("subject").notNull(),
    /** What its owner calls it. */
    label: text("label").notNull(),
    scopes: text("scopes", { mode: "json" }).$type<readonly string[]>().notNull(),
    createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
    /** Null: never. */
    expireTime: integer("expire_time", { mode: "timestamp_ms" }),
    /** Null: not revoked. */
    revokeTime: integer("revoke_time", { mode: "timestamp_ms" }),
    /** Null: never used. */
    lastUseTime: integer("last_use_time", { mode: "timestamp_ms" }),
    useCount: integer("use_count").notNull().default(0),
    /** Null: the server's limit. */
    callsPerSecond: integer("calls_per_second"),
    /** Null: the server's limit. */
    maxConcurrentCalls: integer("max_concurrent_calls"),
    loopbackOnly: integer("loopback_only", { mode: "boolean" }).notNull().default(false),
  },
  // Revoking all keys of a subject looks for them.
  (table) => [index("keys_subject").on(table.subject)],
);

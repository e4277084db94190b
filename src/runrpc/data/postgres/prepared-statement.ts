import type { Socket } from "node:net";
import type pg from "pg";
import { sqlStateOf } from "./postgres-error.ts";
import { bytesOf, type ReadValue, readerOf, tooMuch } from "./result-values.ts";

/** What a parameter of a statement may be here: what travels as one text, or as its bytes. */
export type Scalar = string | number | boolean | bigint | Uint8Array | null;

/** The protocol counts parameters by 16 bits. */
const maxParameters = 65_535;

/** Whether a statement takes these values as they are. */
export function areScalars(values: readonly unknown[]): values is readonly Scalar[] {
  return values.length <= maxParameters && values.every(isScalar);
}

function isScalar(value: unknown): boolean {
  return typeof value === "object" ? value === null || value instanceof Uint8Array : value !== undefined;
}

/** The prepared statements of one connection. */
export interface PreparedStatements {
  /**
   * Runs a statement under a name of its own, which the server prepares at its first run. Each row is an array of its
   * values. Rejects with the server's error, or with what reading a value throws.
   */
  run(name: string, text: string, values: readonly Scalar[]): Promise<PreparedResult>;
}

/** The rows that a statement gives, in the driver's form. */
export interface PreparedResult {
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Runs prepared statements through a driver that asks the server at each run what a row is made of, and reads the answer: about
 * as much work, on both sides, as a row. The columns of a prepared statement stay what they are (the server refuses to run one
 * whose table has changed so that they would not), so that they are asked for once. What is sent goes in one piece.
 *
 * The driver takes such statements as it takes those of pg-cursor. Past `maxBytes` a result is read no further, and fails.
 * `onStale` is called when the server no longer runs what it has prepared: this connection will not come to run it again.
 */
export function createPreparedStatements(
  client: pg.Client,
  maxBytes: number,
  onStale: () => void,
): PreparedStatements {
  const known: KnownColumns = new Map();
  return {
    run: (name, text, values) =>
      new Promise((resolve, reject) => {
        client.query(new Statement({ name, text, values, known, maxBytes, onStale }, resolve, reject));
      }),
  };
}

/** What the driver's statements use of its connection (pg 8.23.1). */
interface Wire {
  readonly stream: Socket;
  /** What the server has prepared, and what it was sent to prepare, by name. */
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  readonly submittedNamedStatements: Record<string, string | undefined>;
  parse(statement: { readonly name: string; readonly text: string }): void;
  describe(portal: { readonly type: "P" }): void;
}

/** The columns of what has been prepared, by name. */
type KnownColumns = Map<string, readonly ReadValue[]>;

interface StatementOptions {
  readonly name: string;
  readonly text: string;
  readonly values: readonly Scalar[];
  readonly known: KnownColumns;
  readonly maxBytes: number;
  readonly onStale: () => void;
}

/** A table has other columns than it was prepared for; somebody in between, such as a pooler, has forgotten the statement. */
const staleStates: ReadonlySet<string> = new Set(["0A000", "26000"]);

/** One run. A class, as the driver calls each of them by a dozen methods. */
class Statement {
  /** The driver notes by it what the server has prepared. */
  readonly name: string;
  readonly text: string;
  /** The driver sets one where there is none. */
  readonly callback = ignore;
  private readonly options: StatementOptions;
  private readonly resolve: (result: PreparedResult) => void;
  private readonly reject: (reason: unknown) => void;
  private readonly rows: unknown[][] = [];
  private bytes = 0;
  private columns: readonly ReadValue[] | undefined;
  private failure: unknown;

  constructor(
    options: StatementOptions,
    resolve: (result: PreparedResult) => void,
    reject: (reason: unknown) => void,
  ) {
    this.name = options.name;
    this.text = options.text;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Gives what is wrong, where something is. */
  submit(wire: Wire): Error | null {
    const { name, text } = this;
    const { values, known } = this.options;
    const { stream } = wire;
    const prepared = wire.parsedStatements[name];
    if (prepared !== undefined && prepared !== text)
      return new Error(`two statements have the name ${name}: ${prepared}; ${text}`);
    if (!stream.writable) return null; // the driver tells of its end
    this.columns = prepared === undefined ? undefined : known.get(name);
    if (this.columns !== undefined) {
      stream.write(bindMessage(name, values, executeAndSync));
      return null;
    }
    stream.cork();
    if (prepared === undefined) {
      wire.submittedNamedStatements[name] = text;
      wire.parse({ name, text });
    }
    stream.write(bindMessage(name, values, nothing));
    wire.describe({ type: "P" });
    stream.write(executeAndSync);
    stream.uncork();
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.columns = fields.map(({ dataTypeID }) => readerOf(dataTypeID));
    this.options.known.set(this.name, this.columns);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.failure !== undefined) return;
    try {
      this.rows.push(this.readRow(fields, this.columns ?? []));
    } catch (error) {
      this.failure = error;
      this.rows.length = 0;
    }
  }

  handleReadyForQuery(): void {
    if (this.failure === undefined) this.resolve({ rows: this.rows });
    else this.reject(this.failure);
  }

  handleError(error: unknown): void {
    if (staleStates.has(sqlStateOf(error) ?? "")) this.options.onStale();
    this.reject(this.failure ?? error);
  }

  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyInResponse(): void {}
  handleCopyData(): void {}

  private readRow(fields: readonly (string | null)[], columns: readonly ReadValue[]): unknown[] {
    const row: unknown[] = new Array(fields.length);
    for (let at = 0; at < fields.length; at++) {
      const text = fields[at] ?? null;
      this.bytes += bytesOf(text);
      row[at] = text === null ? null : columns[at]?.(text);
    }
    if (this.bytes > this.options.maxBytes) throw tooMuch(this.options.maxBytes);
    return row;
  }
}

function ignore(): void {}

const nothing = Buffer.alloc(0);

/** Execute the portal without a name to its end, and Sync. */
const executeAndSync = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0x53, 0, 0, 0, 4]);

/** The formats of a parameter on the wire. */
const asText = 0;
const asBytes = 1;

/**
 * Bind of the portal without a name, with `rest` behind it: all results as text.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-BIND
 */
function bindMessage(name: string, values: readonly Scalar[], rest: Buffer): Buffer {
  const count = values.length;
  const given = values.map((value) =>
    value === null || typeof value === "string" || ArrayBuffer.isView(value) ? value : String(value),
  );
  let length = 1 + 4 + 1 + Buffer.byteLength(name) + 1 + 2 + 2 * count + 2 + 4 * count + 2 + 2;
  for (const value of given) length += sizeOf(value);
  const message = Buffer.allocUnsafe(length + rest.length);
  message[0] = 0x42;
  let at = message.writeInt32BE(length - 1, 1);
  message[at++] = 0;
  at += message.write(name, at);
  message[at++] = 0;
  at = message.writeUInt16BE(count, at);
  for (const value of given) at = message.writeInt16BE(ArrayBuffer.isView(value) ? asBytes : asText, at);
  at = message.writeUInt16BE(count, at);
  for (const value of given) {
    if (value === null) {
      at = message.writeInt32BE(-1, at);
      continue;
    }
    at = message.writeInt32BE(sizeOf(value), at);
    if (typeof value === "string") at += message.write(value, at);
    else {
      message.set(value, at);
      at += value.byteLength;
    }
  }
  at = message.writeInt16BE(1, at);
  at = message.writeInt16BE(asText, at);
  message.set(rest, at);
  return message;
}

function sizeOf(value: string | Uint8Array | null): number {
  if (value === null) return 0;
  return typeof value === "string" ? Buffer.byteLength(value) : value.byteLength;
}

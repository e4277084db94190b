import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as client from "../../src/runrpc/client.ts";
import * as codec from "../../src/runrpc/codec.ts";
import * as index from "../../src/runrpc/index.ts";
import * as query from "../../src/runrpc/query.ts";
import * as testing from "../../src/runrpc/testing.ts";
import * as worker from "../../src/runrpc/worker.ts";
import { sources } from "./source.ts";

/** What each face of the package exports: whoever depends on it depends on these names. */
const faces = [
  {
    name: "runrpc",
    file: "src/runrpc/index.ts",
    module: index,
    values: [
      "DataError",
      "checkStorable",
      "connectErrorFromDataError",
      "coversScope",
      "createChore",
      "createKey",
      "createOutbox",
      "createSharedReads",
      "createWakeups",
      "dateFromTimestamp",
      "defineApp",
      "defineService",
      "drainAtSignal",
      "hashKey",
      "loadConfig",
      "offload",
      "openSharedWriter",
      "openStore",
      "pageTokenFromPosition",
      "parseKey",
      "positionFromPageToken",
      "postgresDefaults",
      "principalKey",
      "refusedPageToken",
      "requirePrincipal",
      "sendHeaders",
      "silentLog",
      "skeleton",
      "startApp",
      "startServer",
      "storeDefaults",
      "threaded",
      "timestampFromStored",
      "tuneGarbageCollection",
    ],
    types: [
      "Accounts",
      "Answer",
      "App",
      "AppDefinition",
      "AppParts",
      "Authenticate",
      "BidiStreaming",
      "CallRecord",
      "CallStats",
      "CancelledBy",
      "Chore",
      "ChoreOptions",
      "ChoreTimes",
      "ClientStreaming",
      "Cloned",
      "CreatedKey",
      "DataErrorCode",
      "DrainAtSignalOptions",
      "Identity",
      "KeyStore",
      "KeyUse",
      "ListenerStats",
      "LoadedConfig",
      "MapError",
      "Offloaded",
      "Outbox",
      "Policy",
      "PostgresOptions",
      "Principal",
      "Protocol",
      "Queries",
      "Server",
      "ServerLog",
      "ServerOptions",
      "ServerSettings",
      "ServerStreaming",
      "ServiceDefinition",
      "ServiceImpl",
      "SharedReads",
      "SharedWriter",
      "SignalSource",
      "SqliteOptions",
      "StartChore",
      "StopSignal",
      "Store",
      "StoreOptions",
      "StoreStats",
      "StoredKey",
      "Subscription",
      "ThreadedOptions",
      "Unary",
      "Wakeups",
    ],
  },
  {
    name: "runrpc/query",
    file: "src/runrpc/query.ts",
    module: query,
    values: [
      "DataError",
      "countWithin",
      "defineQueries",
      "insertRows",
      "prepared",
      "readInOrder",
      "removeKeysOf",
      "removeOwnedRows",
      "writeInOrder",
    ],
    types: [
      "DataErrorCode",
      "Db",
      "GroupColumns",
      "Queries",
      "QueriesOf",
      "Query",
      "QueryModule",
      "QueryModules",
      "RemoveOwned",
      "RowGroup",
    ],
  },
  {
    name: "runrpc/testing",
    file: "src/runrpc/testing.ts",
    module: testing,
    values: [
      "collect",
      "contextOf",
      "createRequestStream",
      "createTestClock",
      "openTestStore",
      "startMemoryApp",
      "startTestApp",
      "take",
      "takeThenCancel",
    ],
    types: [
      "CallerOptions",
      "RequestStream",
      "TestApp",
      "TestAppOptions",
      "TestCaller",
      "TestClock",
      "TestDatabaseOptions",
      "TestKeyOptions",
      "TestStore",
    ],
  },
  {
    name: "runrpc/client",
    file: "src/runrpc/client.ts",
    module: client,
    values: ["connect", "within"],
    types: ["ClientOptions", "RetryOptions"],
  },
  {
    name: "runrpc/codec",
    file: "src/runrpc/codec.ts",
    module: codec,
    values: [
      "BAIL",
      "asBool",
      "asInteger",
      "asWide",
      "bool",
      "bytes",
      "close",
      "double",
      "ensure",
      "fixed32",
      "fixed64",
      "float",
      "int64",
      "isOwn",
      "longTag",
      "noBytes",
      "ofDigits",
      "putBool",
      "putBytes",
      "putDouble",
      "putFixed32",
      "putFixed64",
      "putFloat",
      "putInt32",
      "putInt64",
      "putSfixed32",
      "putSfixed64",
      "putSint32",
      "putSint64",
      "putStruct",
      "putText",
      "putUint32",
      "putUint64",
      "putUnknown",
      "setEntry",
      "sfixed32",
      "sfixed64",
      "sint64",
      "struct",
      "text",
      "uint64",
      "unknownField",
      "varint",
    ],
    types: ["MessageCodec", "Oneof", "Reader", "UnknownField", "Writer"],
  },
  {
    name: "runrpc/worker",
    file: "src/runrpc/worker.ts",
    module: worker,
    values: ["serveQueries"],
    types: [],
  },
] as const;

describe("public names", () => {
  for (const { name, file, module, values, types } of faces) {
    it(`${name} exports these values`, () => {
      assert.deepEqual(Object.keys(module).sort(), values);
    });

    it(`${name} exports these types`, () => {
      assert.deepEqual(typesOf(sources(file)[0]?.text ?? ""), types);
    });
  }
});

/** The names of `export type { … }` and of `export { type … }`. */
function typesOf(text: string): readonly string[] {
  const lists = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)];
  const names = lists.flatMap(([, type, list = ""]) =>
    list
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && (type !== undefined || name.startsWith("type ")))
      .map((name) => name.replace(/^type /, "")),
  );
  return names.sort();
}

import assert from "node:assert/strict";
import { it } from "node:test";
import * as names from "../../src/runrpc/index.ts";
import { sources } from "./source.ts";

it("the package exports these values", () => {
  assert.deepEqual(Object.keys(names).sort(), [
    "DataError",
    "coversScope",
    "createKey",
    "defineService",
    "hashKey",
    "openStore",
    "parseKey",
    "principalKey",
    "requireUser",
    "sendHeaders",
    "silentLog",
    "startServer",
    "storeDefaults",
    "tuneGarbageCollection",
  ]);
});

it("the package exports these types", () => {
  const text = sources("src/index.ts")[0]?.text ?? "";
  const types = [...text.matchAll(/export type \{([^}]*)\}/g)].flatMap(([, list = ""]) => list.split(","));
  const inline = [...text.matchAll(/\btype (\w+)(?=[,\s}])/g)].map(([, name = ""]) => name);
  const found = new Set([...types.map((name) => name.trim()), ...inline].filter((name) => name !== ""));
  assert.deepEqual([...found].sort(), [
    "Authenticate",
    "CallRecord",
    "CallStats",
    "CancelledBy",
    "Cloned",
    "CreatedKey",
    "DataErrorCode",
    "Identity",
    "KeyStore",
    "KeyUse",
    "ListenerStats",
    "MapError",
    "Policy",
    "Principal",
    "Protocol",
    "Queries",
    "Server",
    "ServerLog",
    "ServerOptions",
    "ServerSettings",
    "ServiceDefinition",
    "Store",
    "StoreOptions",
    "StoreStats",
    "StoredKey",
  ]);
});

import type { Interceptor } from "@connectrpc/connect";
import { defineService, hashKey, type KeyStore, openStore, parseKey, startServer } from "runrpc";
import { UserService } from "../gen/users/v1/users_pb.ts";
import type { modules } from "./queries.ts";

/** A server of parts of its own: a database file, and one key with one scope, which it keeps in memory. */
export async function start(file: string, key: string) {
  const store = await openStore<typeof modules>({
    file,
    worker: new URL("./worker.ts", import.meta.url),
    migrations: new URL("./migrations/", import.meta.url),
    readers: 1,
  });
  const { people } = store.queries;
  const uses: string[] = [];
  const server = await startServer({
    services: [
      defineService(UserService, {
        async greet({ name }, { signal }) {
          return { text: `Hello ${name}`, times: await people.greet({ name }, { signal }) };
        },
      }),
    ],
    interceptors: [marked],
    keys: keyStore(key, uses),
    server: { host: "127.0.0.1", port: 0 },
  });
  return {
    url: server.url,
    /** The ids of the keys whose uses were counted. */
    uses,
    count: () => people.count(),
    async [Symbol.asyncDispose]() {
      await server.drain();
      await store.close();
    },
  };
}

const marked: Interceptor = (next) => async (request) => {
  const response = await next(request);
  response.header.set("x-second-project", request.method.name);
  return response;
};

function keyStore(key: string, uses: string[]): KeyStore {
  const keyId = parseKey(key)?.keyId ?? "";
  const stored = {
    keyId,
    hash: hashKey(key),
    subject: "ada",
    scopes: ["people.greet"],
    expiresAt: undefined,
    revokedAt: undefined,
    loopbackOnly: false,
  };
  return {
    find: async (keyIds) => (keyIds.includes(keyId) ? [stored] : []),
    addUses: async (counted) => {
      uses.push(...counted.map((use) => use.keyId));
    },
  };
}

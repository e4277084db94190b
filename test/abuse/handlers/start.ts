import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { launchEnvironment } from "../../wire/launch-environment.ts";
import { collecting } from "../../wire/memory.ts";
import { knownUser } from "../requests.ts";
import type { Arena } from "../row.ts";
import { type SubjectOptions, type Watched, watchProcess } from "../subject.ts";

/** What the record of a call says, as far as it is told. */
export interface Told {
  readonly requestId: string;
  readonly code: string;
  readonly cancelledBy?: string;
}

/** A server whose handlers do what the header `x-deed` says, as a process of its own. */
export interface HandlersSubject extends Watched {
  readonly port: number;
  readonly key: string;
  /** The handler of the call with this id was called. */
  begun(requestId: string): Promise<void>;
  /** The record of the call with this id, which comes when the call ends. */
  record(requestId: string): Promise<Told>;
}

/** @param pingMs when a peer is pinged and how long it has, in milliseconds. Default: as in every server. */
export async function serveHandlers(
  arena: Arena,
  options: SubjectOptions = {},
  pingMs?: number,
): Promise<HandlersSubject> {
  const script = fileURLToPath(new URL("./process.ts", import.meta.url));
  // As src/runrpc/launch.js starts a server.
  const child = fork(script, [arena.lane, arena.http2, ...(pingMs === undefined ? [] : [`${pingMs}`])], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...launchEnvironment, ...process.env },
    execArgv: [...process.execArgv, "--max-semi-space-size=16", collecting],
  });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  arena.after(() =>
    arena.attempt("nothing on standard error", () => assert.equal(complaints.slice(0, 2_000), "")),
  );
  const [{ port, key }] = (await once(child, "message")) as [{ port: number; key: string }]; // what process.ts tells first
  const begun = createArrivals<unknown>();
  const records = createArrivals<Told>();
  child.on("message", (told: Told | { readonly begun: string }) => {
    if ("begun" in told) begun(told.begun).resolve(undefined);
    else records(told.requestId).resolve(told);
  });
  const message = Buffer.concat([Buffer.from([10, knownUser.length]), Buffer.from(knownUser)]);
  const call = { path: "/rig.users.v1.UserService/GetUser", message, key };
  const watched = await watchProcess(arena, { child, port }, call, options);
  return {
    ...watched,
    port,
    key,
    begun: async (id) => void (await begun(id).promise),
    record: (id) => records(id).promise,
  };
}

/** What comes once for each id, and may be waited for before or after. */
function createArrivals<T>(): (id: string) => PromiseWithResolvers<T> {
  const arrivals = new Map<string, PromiseWithResolvers<T>>();
  return (id) => {
    const found = arrivals.get(id) ?? Promise.withResolvers<T>();
    arrivals.set(id, found);
    return found;
  };
}

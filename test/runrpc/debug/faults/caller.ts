import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http2";
import { setTimeout as delay } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { GetUserRequestSchema } from "../../../gen/rig/users/v1/users_pb.ts";
import { framed, open, seen } from "../../server/lanes/fast/serve.ts";
import { type FaultyServer, type Line, lineOf } from "./process.ts";

/** Where a handler does its deed, by the method that does so. */
export const places = {
  GetUser: "before an await",
  ListUsers: "after an await",
  StreamUsers: "in a stream",
} as const;

export type Method = keyof typeof places;

export const methods = Object.keys(places) as readonly Method[];

/** Calls that are made until a finding is there. */
const MAX_CALLS = 40;

const requestOf = {
  GetUser: toBinary(
    GetUserRequestSchema,
    create(GetUserRequestSchema, { id: "4be0643f-1d98-573b-97cd-ca98a65347dd" }),
  ),
  ListUsers: Buffer.alloc(0),
  StreamUsers: Buffer.alloc(0),
} as const;

export const pathOf = (method: Method): string => `/rig.users.v1.UserService/${method}`;

/** Makes calls of a server whose handlers have faults. */
export interface Caller {
  /** Makes a call that ends with this status, and gives its id. */
  call(method: Method, headers: IncomingHttpHeaders, status?: string): Promise<string>;
  /**
   * Makes calls until a finding is there, which names one of them: a machine that gives the server no time is told of instead.
   * A finding is told once for a place and a method, with the first call that it was made in.
   *
   * @param at what the place has in it
   */
  callUntil(deed: string, finding: string, method: Method, at?: string, ids?: string[]): Promise<Line>;
  /** Makes calls that never end, with ever longer deadlines, until it is told which of them goes on after its own. */
  callUntilOutlived(method: Method): Promise<Line>;
  /** The finding of a call of this method, at this place. */
  firstOf(finding: string, at: string, method: Method): Promise<Line>;
}

export function createCaller(server: FaultyServer): Caller {
  let calls = 0;

  const isAt = (line: Line, finding: string, at: string, method: Method): boolean =>
    line.finding === finding && String(line.at).includes(at) && line.path === pathOf(method);

  async function call(method: Method, headers: IncomingHttpHeaders, status = "0"): Promise<string> {
    const requestId = `${headers["x-deed"]}-${++calls}`;
    const stream = open(server.session, pathOf(method), { ...headers, "x-request-id": requestId });
    const answer = seen(stream);
    stream.end(framed(requestOf[method]));
    const { headers: told, trailers } = await answer;
    assert.equal(trailers["grpc-status"] ?? told["grpc-status"], status);
    return requestId;
  }

  const firstOf: Caller["firstOf"] = (finding, at, method) =>
    server.finding((line) => isAt(line, finding, at, method));

  return {
    call,
    firstOf,
    async callUntilOutlived(method) {
      const finding = method === "StreamUsers" ? "generator_open" : "handler_outlived";
      const ids: string[] = [];
      // A short deadline may come before the handler is where it hangs.
      for (let ms = 50; ms <= 6_400; ms *= 2) {
        ids.push(await call(method, { "x-deed": "hungAwait", "grpc-timeout": `${ms}m` }, "4"));
        const first = firstOf(finding, lineOf(method), method);
        const found = await Promise.race([first, delay(ms + 500, undefined)]);
        if (found === undefined) continue;
        assert.ok(ids.includes(String(found.requestId)), `${found.requestId} is none of ${ids}`);
        return found;
      }
      assert.fail(`${finding} in ${method} is not among ${server.said()}`);
    },
    async callUntil(deed, finding, method, at = lineOf(deed), ids = []) {
      for (let n = 0; n < MAX_CALLS; n++) {
        ids.push(await call(method, { "x-deed": deed }));
        // A finding is told after its call; the two of a small one after it.
        for (let look = 0; look < 2; look++) await call("ListUsers", { "x-deed": "none" });
        const found = server.lines.find((line) => isAt(line, finding, at, method));
        if (found === undefined) continue;
        assert.ok(ids.includes(String(found.requestId)), `${found.requestId} is none of ${ids}`);
        return found;
      }
      assert.fail(`${finding} at ${at} in ${method} is not among ${server.said()}`);
    },
  };
}

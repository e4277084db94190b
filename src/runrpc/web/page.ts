import type { Registry } from "@bufbuild/protobuf";
import type { Served, ServerPage } from "../server/server-page.ts";
import type { Peers } from "../workers/peers.ts";
import { createFileAnswers } from "./answer-files.ts";
import { createBridge } from "./bridge/bridge.ts";
import { describeServices } from "./describe.ts";
import { digestOf, digestOfPage } from "./files.ts";
import { createFollower } from "./follow/follower.ts";
import { createReports } from "./follow/report.ts";
import { createPageService, type ServedSchema } from "./page-service.ts";
import type { SignIn } from "./sign-in.ts";

export interface PageOptions {
  /** The names that the page may be asked for by, besides localhost and addresses. */
  readonly hosts: readonly string[];
  /** Undefined: a key has to be typed. */
  readonly signIn: SignIn | undefined;
  /** The processes that serve the port: the page's connections may come to any of them. */
  readonly peers: Peers;
  /** Gives the contracts with their comments, to each who looks. Default: there are no comments. */
  readonly contracts?: (() => Promise<Registry | undefined>) | undefined;
  /** Where a trace is looked at, with `{trace_id}` in it. Default: nowhere. */
  readonly traceLink?: string | undefined;
}

/** A page, with what its application hands it. */
export interface Page extends ServerPage {
  /** The same queries of a store, so that the page can tell of those that a call has made. */
  aroundQueries<Q extends object>(queries: Q): Q;
}

/**
 * Makes the page: its files, and what it asks of the server.
 *
 * @throws Error that names a host which is none.
 */
export function createPage({ hosts, signIn, peers, contracts, traceLink = "" }: PageOptions): Page {
  let served: Served | undefined;
  let schema: Promise<ServedSchema> | undefined;
  let page: string | undefined;
  const answer = createFileAnswers(hosts);
  const whatIsServed = (): Served => {
    if (served === undefined) throw new Error("the page was asked before its server had started");
    return served;
  };
  const describe = async (): Promise<ServedSchema> => {
    const json = JSON.stringify({
      ...describeServices(whatIsServed().routes, await contracts?.()),
      traceLink,
    });
    return { json, version: digestOf(json) };
  };
  const follower = createFollower();
  return {
    definition: createPageService({
      signIn,
      schema: () => (schema ??= describe()),
      page: () => (page ??= digestOfPage()),
      bridge: createBridge(whatIsServed, follower, peers),
      report: createReports(follower, peers),
    }),
    begun: follower.begun,
    aroundQueries: (queries) => follower.aroundQueries(queries, () => served?.calls.current()),
    answer(httpMethod, path, request) {
      const found = answer(httpMethod, path, request);
      // While the browser loads the page, what takes longest is under way.
      if (found !== undefined) void contracts?.();
      return found;
    },
    start(parts) {
      served = parts;
    },
  };
}

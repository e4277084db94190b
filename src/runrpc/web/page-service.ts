import { Code, ConnectError } from "@connectrpc/connect";
import { PageService } from "../../../gen/runrpc/web/v1/page_pb.ts";
import { defineService, type ServiceDefinition } from "../server/routes/service.ts";
import type { Bridge } from "./bridge/bridge.ts";
import type { Reports } from "./follow/report.ts";
import type { SignIn } from "./sign-in.ts";

/** A schema, as it is sent. */
export interface ServedSchema {
  readonly json: string;
  /** A digest of the JSON. */
  readonly version: string;
}

export interface PageServiceOptions {
  /** Undefined: there is no link, as in production. */
  readonly signIn: SignIn | undefined;
  /** What is served. */
  readonly schema: () => Promise<ServedSchema>;
  /** A digest of the page's own files. */
  readonly page: () => string;
  readonly bridge: Bridge;
  readonly report: Reports;
}

/** What the page asks of the server. */
export function createPageService(options: PageServiceOptions): ServiceDefinition {
  const { signIn, schema, page, bridge, report } = options;
  return defineService(PageService, {
    async signIn({ token }) {
      const key = await signIn?.trade(token);
      if (key === undefined) throw new ConnectError(STALE, Code.Unauthenticated);
      return { key };
    },
    async getSchema({ known }) {
      const { json, version } = await schema();
      return { json: version === known ? "" : json, version, page: page() };
    },
    openStream: (request, context) => bridge.open(request, context),
    sendMessage: (request, context) => bridge.send(request, context),
    getReport: ({ name }, { signal }) => report(name, signal),
  });
}

const STALE =
  "this link does not sign in, or not again: start the server anew for another one, or use an API key";

// Runs in the browser: bundled into the page that the test opens. No node: built-in is here.
import { Code, ConnectError } from "@connectrpc/connect";
import { type ClientOptions, connect } from "runrpc/client";
import { ConformanceService } from "../../conformance/gen/connectrpc/conformance/v1/service_pb.ts";

/** One call, as the test hands it to the page. */
export interface PageCall {
  readonly url: string;
  readonly method: "unary" | "idempotentUnary" | "serverStream";
  readonly options: Pick<ClientOptions, "protocol" | "deadlineMs"> & { readonly key?: string };
  /** Aborts after the first message of a stream. Default: false. */
  readonly abortAfterFirst?: boolean;
}

/** What the page saw of it. */
export interface PageOutcome {
  readonly messages: number;
  /** The name of the code; undefined when the call succeeded. */
  readonly code: string | undefined;
  readonly error: string | undefined;
}

Object.assign(globalThis, { call });

async function call({ url, method, options, abortAfterFirst }: PageCall): Promise<PageOutcome> {
  const controller = new AbortController();
  const { signal } = controller;
  let messages = 0;
  try {
    using client = connect(url, ConformanceService, { ...options, retry: { random: () => 0 } });
    if (method === "serverStream") {
      for await (const _ of client.serverStream({}, { signal })) {
        messages++;
        if (abortAfterFirst === true) controller.abort();
      }
    } else {
      await client[method]({}, { signal });
      messages++;
    }
    return { messages, code: undefined, error: undefined };
  } catch (reason) {
    const { code, rawMessage } = ConnectError.from(reason);
    return { messages, code: Code[code], error: rawMessage };
  }
}

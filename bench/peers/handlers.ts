import { setTimeout as delay } from "node:timers/promises";
import type { ServiceImpl } from "@connectrpc/connect";
import type { BenchService } from "../gen/bench/v1/bench_pb.ts";
import { element, smallText } from "../messages.ts";

/** The service as ours and connect-node take it. */
export const handlers: ServiceImpl<typeof BenchService> = {
  echo: ({ text, number }) => ({ text, number }),
  async *stream({ count }) {
    for (let number = 1; number <= count; number++) yield { number, text: smallText };
  },
  async *chat(requests) {
    for await (const { number, text } of requests) yield { number, text };
  },
  async *idle(_request, { signal }) {
    yield { text: smallText };
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
  list: ({ count }) => ({ elements: Array.from({ length: count }, (_, index) => element(index)) }),
  blob: ({ data }) => ({ data }),
  async wait({ milliseconds }, { signal }) {
    await delay(milliseconds, undefined, { signal });
    return {};
  },
};

import type { UploadLogsRequest } from "../../../gen/rig/logs/v1/logs_pb.ts";

interface Parts {
  readonly queries: {
    readonly numbers: {
      count(input: { readonly to: number }, options?: { readonly signal: AbortSignal }): Promise<number>;
    };
  };
}

/** Handlers that ask the store. */
export function create({ queries }: Parts) {
  return {
    async uploadLogs(requests: AsyncIterable<UploadLogsRequest>) {
      let lines = 0;
      for await (const { entries } of requests) lines += entries.length;
      return { logsReceived: BigInt(lines) };
    },
    async listLogs(_request: unknown, { signal }: { readonly signal: AbortSignal }) {
      return { nextPageToken: String(await queries.numbers.count({ to: 10 }, { signal })) };
    },
  };
}

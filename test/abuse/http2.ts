import { ServerSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import type { Http2 } from "./row.ts";

/** Who speaks HTTP/2 when nothing is named; `npm test -- --http2 own` names it for all tests. */
export function defaultHttp2(): Http2 {
  const { http2 } = ServerSchema.field;
  return http2Of("getDefaultValue" in http2 ? String(http2.getDefaultValue()) : "");
}

export function http2Of(name: string): Http2 {
  if (name !== "own" && name !== "node") throw new Error(`--http2 takes own or node, not ${name}`);
  return name;
}

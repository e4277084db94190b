import { ServerSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import type { Http2, Lane } from "./row.ts";

/** Who speaks HTTP/2 on lane auto when nothing is named; `npm test -- --http2 node` names it for all tests. */
export function defaultHttp2(): Http2 {
  const { http2 } = ServerSchema.field;
  return http2Of("getDefaultValue" in http2 ? String(http2.getDefaultValue()) : "");
}

export function http2Of(name: string): Http2 {
  if (name !== "own" && name !== "node") throw new Error(`--http2 takes own or node, not ${name}`);
  return name;
}

/** Who speaks it on a lane: lane stock always has Node's. */
export function http2OnLane(lane: Lane, http2: Http2): Http2 {
  return lane === "stock" ? "node" : http2;
}

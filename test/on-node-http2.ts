// Preloaded by `npm test -- --http2 node …`: every server of this process whose test names no engine gets node:http2.
import { ServerSchema } from "../gen/runrpc/config/v1/config_pb.ts";

const { http2 } = ServerSchema.field;
if (!("getDefaultValue" in http2) || http2.getDefaultValue() !== "own")
  throw new Error("the default of server.http2 is not own: this file is not needed");
// The default of the schema is that of every server: nothing else has to be told.
http2.getDefaultValue = () => "node";

// Preloaded by `npm test -- --http2 own …`: every server of this process whose test names no engine gets our own.
import { ServerSchema } from "../gen/runrpc/config/v1/config_pb.ts";

const { http2 } = ServerSchema.field;
if (!("getDefaultValue" in http2) || http2.getDefaultValue() !== "node")
  throw new Error("the default of server.http2 is not node: this file is not needed");
// The default of the schema is that of every server: nothing else has to be told.
http2.getDefaultValue = () => "own";

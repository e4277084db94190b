// A program with a server that is given no log, and a mistake of its own behind it.
import { startServer } from "../../../../src/runrpc/server/server.ts";
import { UserService } from "../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../part-of-service.ts";

const { port } = await startServer({
  services: [partOfService(UserService, {})],
  keys: "open",
  server: { host: "127.0.0.1", port: 0 },
});
process.stdout.write(`${port}\n`);
throw new Error("a mistake at the top");

// A client in a thread of its own: it answers pings while the server's thread does nothing else. It opens a session, says
// so, counts its own turns, and makes a request when it is asked to.
import { connect } from "node:http2";
import { parentPort, workerData } from "node:worker_threads";

const { port, turns } = workerData as { readonly port: number; readonly turns: Int32Array };
const session = connect(`http://127.0.0.1:${port}`);
session.on("error", () => {});
session.once("remoteSettings", () => parentPort?.postMessage("open"));
session.once("close", () => parentPort?.postMessage("closed"));
setInterval(() => Atomics.add(turns, 0, 1), 1).unref();
parentPort?.once("message", () => {
  const stream = session.request({ ":path": "/healthz" });
  stream.once("response", (headers) => {
    parentPort?.postMessage(headers[":status"]);
    session.destroy();
  });
});

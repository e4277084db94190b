import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { createDistributor, type Taker } from "../../../src/runrpc/workers/distributor.ts";

/** Real sockets, as the port hands them on: `count` of them, and the clients at their other ends. */
async function openSockets(count: number): Promise<{ sockets: Socket[]; clients: Socket[] }> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : assert.fail();
  const sockets: Socket[] = [];
  const clients: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const accepted = once(server, "connection");
    clients.push(connect(port, "127.0.0.1").on("error", () => {}));
    const [socket] = (await accepted) as [Socket]; // as Node documents the event
    sockets.push(socket);
  }
  server.close();
  after(() => {
    for (const socket of [...sockets, ...clients]) socket.destroy();
  });
  return { sockets, clients };
}

/** Keeps what it is handed. */
function createTaker(): Taker & { readonly handed: Socket[] } {
  const handed: Socket[] = [];
  return { handed, hand: (socket) => void handed.push(socket) };
}

describe("the distributor", () => {
  it("hands sockets out in turns, and each taker its next one when it has the last", async () => {
    const { sockets } = await openSockets(5);
    const distributor = createDistributor();
    const [one, other] = [createTaker(), createTaker()];
    distributor.add(one);
    distributor.add(other);
    for (const socket of sockets) distributor.take(socket);
    assert.deepEqual([one.handed, other.handed], [[sockets[0]], [sockets[1]]]);
    distributor.taken(other);
    assert.deepEqual(other.handed, [sockets[1], sockets[2]]);
    assert.equal(sockets[1]?.destroyed, true, "what is taken is let go of");
    assert.equal(sockets[2]?.destroyed, false);
    distributor.taken(one);
    distributor.taken(one);
    assert.deepEqual(one.handed, [sockets[0], sockets[3], sockets[4]]);
  });

  it("gives what was on its way to one that ended to the next, first of all", async () => {
    const { sockets } = await openSockets(3);
    const distributor = createDistributor();
    const [one, other] = [createTaker(), createTaker()];
    distributor.add(one);
    for (const socket of sockets) distributor.take(socket);
    distributor.taken(one);
    distributor.remove(one);
    distributor.add(other);
    distributor.taken(other);
    assert.deepEqual(other.handed, [sockets[1], sockets[2]]);
    assert.deepEqual(one.handed, [sockets[0], sockets[1]]);
  });

  it("hands one that retires no more, and no other what it still takes", async () => {
    const { sockets } = await openSockets(2);
    const distributor = createDistributor();
    const [one, other] = [createTaker(), createTaker()];
    distributor.add(one);
    distributor.take(sockets[0] ?? assert.fail());
    distributor.retire(one);
    distributor.add(other);
    assert.deepEqual(other.handed, []);
    distributor.taken(one);
    assert.equal(sockets[0]?.destroyed, true);
    distributor.take(sockets[1] ?? assert.fail());
    assert.deepEqual([one.handed.length, other.handed], [1, [sockets[1]]]);
  });

  it("closes what waits once no more come and nobody takes them", async () => {
    const { sockets, clients } = await openSockets(2);
    const distributor = createDistributor();
    const one = createTaker();
    distributor.add(one);
    for (const socket of sockets) distributor.take(socket);
    const closed = clients.map((client) => once(client.resume(), "close"));
    distributor.close();
    assert.deepEqual(
      sockets.map(({ destroyed }) => destroyed),
      [false, false],
      "somebody takes them",
    );
    distributor.remove(one);
    await Promise.all(closed);
  });
});

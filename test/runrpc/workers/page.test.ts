// The page of several workers: what a browser asks comes over connections that go to any of them.
import assert from "node:assert/strict";
import { it } from "node:test";
import { type Client, Code } from "@connectrpc/connect";
import { PageService } from "../../../gen/runrpc/web/v1/page_pb.ts";
import { connect } from "../../../src/runrpc/client.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { kill, startWorkers, type Workers } from "./start-workers.ts";

/** Asks once, over a connection of its own: connections go to the workers in turns. */
async function once<T>(
  url: string,
  key: string | undefined,
  ask: (page: Client<typeof PageService>) => Promise<T>,
): Promise<T> {
  using client = connect(url, PageService, { ...(key === undefined ? {} : { key }), retry: false });
  return await ask(client);
}

/** The token in the link that they have printed. */
function tokenOf({ lines }: Pick<Workers, "lines">): string {
  const { page = "" } = lines.find((line) => line.page !== undefined) ?? {};
  const [, token] = /\/_\/#token=(.+)$/.exec(page) ?? [];
  return token ?? assert.fail(`no link: ${page}`);
}

const notFound = { code: Code.NotFound };
const unauthenticated = { code: Code.Unauthenticated };

it("a browser signs in once, and its key works with all workers, with those that come later too", async () => {
  const workers = await startWorkers();
  const { url } = workers;
  const token = tokenOf(workers);
  for (const path of ["/_/", "/_/", "/_/page.css", "/_/page.css"]) {
    const answer = await fetch(url + path, { headers: { connection: "close" } });
    assert.equal(answer.status, 200, path);
    await answer.arrayBuffer();
  }
  await assert.rejects(
    once(url, undefined, (page) => page.signIn({ token: `${token}x` })),
    unauthenticated,
  );
  const { key } = await once(url, undefined, (page) => page.signIn({ token }));
  for (let n = 0; n < 2; n++)
    await assert.rejects(
      once(url, undefined, (page) => page.signIn({ token })),
      unauthenticated,
    );
  const schemas = new Set<string>();
  for (let n = 0; n < 2; n++) schemas.add((await once(url, key, (page) => page.getSchema({}))).json);
  assert.equal(schemas.size, 1);
  for (const pid of workers.pids()) kill(pid);
  await workers.until("both ended", ({ msg }) => /ended by itself/.test(msg), 2);
  for (let n = 0; n < 4; n++) {
    using client = connect(url, UserService, { key });
    await client.listUsers({});
  }
  await assert.rejects(
    once(url, undefined, (page) => page.signIn({ token })),
    unauthenticated,
  );
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
});

it("a stream takes its requests over any connection, and whichever worker is asked knows its report", async () => {
  const { url, key, signal, ended } = await startWorkers();
  using client = connect(url, PageService, { key, retry: false });
  const headers = { "x-runrpc-follow": "chat" };
  const events = client
    .openStream({ method: "rig.chat.v1.ChatService/Chat" }, { headers })
    [Symbol.asyncIterator]();
  const next = async () => {
    for (;;) {
      const { value, done } = await events.next();
      assert.ok(done !== true, "the stream has ended");
      if (value.event.case !== "step" && value.event.case !== "headers") return value.event;
    }
  };
  const { value: session } = await next();
  assert.ok(typeof session === "string");
  const send = (number: number, text: string, id = session, by = key) =>
    once(url, by, (page) =>
      page.sendMessage({
        session: id,
        number,
        request: { case: "message", value: JSON.stringify({ room: "a", text }) },
      }),
    );
  for (let number = 1; number <= 4; number++) {
    await send(number, `hello ${number}`);
    for (;;) {
      const event = await next();
      if (event.case === "message" && event.value.includes(`hello ${number}`)) break;
    }
  }
  for (let n = 0; n < 2; n++) {
    await assert.rejects(send(9, "too early"), { code: Code.OutOfRange });
    await assert.rejects(send(5, "to nobody", `${session}x`), notFound);
    await assert.rejects(send(5, "to nobody", "1.x"), notFound);
    await assert.rejects(
      once(url, key, (page) => page.getReport({ name: "nobody" })),
      notFound,
    );
  }
  const reports = [0, 1].map(() => once(url, key, (page) => page.getReport({ name: "chat" })));
  await once(url, key, (page) =>
    page.sendMessage({ session, number: 5, request: { case: "end", value: true } }),
  );
  const last: string[] = [];
  for await (const { event } of { [Symbol.asyncIterator]: () => events }) last.push(event.case ?? "");
  assert.equal(last.at(-1), "end");
  for (const { call, admittedMs } of await Promise.all(reports)) {
    assert.deepEqual(
      [call?.method, call?.code, call?.messagesIn],
      ["rig.chat.v1.ChatService/Chat", "ok", 4n],
    );
    assert.ok(admittedMs > 0);
  }
  await assert.rejects(send(6, "to nobody"), notFound);
  signal("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});

it("the key of somebody else does not reach a stream of another worker", async () => {
  const workers = await startWorkers();
  const { url, key, signal, ended } = workers;
  const { key: other } = await once(url, undefined, (page) => page.signIn({ token: tokenOf(workers) }));
  using client = connect(url, PageService, { key, retry: false });
  const events = client.openStream({ method: "rig.chat.v1.ChatService/Chat" })[Symbol.asyncIterator]();
  const { value } = await events.next();
  assert.equal(value.event.case, "session");
  for (let n = 0; n < 2; n++)
    await assert.rejects(
      once(url, other, (page) =>
        page.sendMessage({ session: value.event.value, number: 1, request: { case: "end", value: true } }),
      ),
      notFound,
    );
  signal("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
});

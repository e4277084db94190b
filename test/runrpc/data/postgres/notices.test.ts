import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Notices } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { codeOf } from "../fixture/open.ts";
import { countBackends, holdLock, openTestStore, skip, until } from "./fixture.ts";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

/** What a listener hears: topics, and `gap`. */
function hear(notices: Notices) {
  const heard: string[] = [];
  const end = notices.listen({ heard: (topic) => heard.push(topic), gap: () => heard.push("gap") });
  const has = (what: string, count = 1) =>
    until(`${what} is heard`, async () => {
      await server.query("select 1");
      return heard.filter((each) => each === what).length >= count;
    });
  return { heard, end, has };
}

test("what one process publishes another one hears, once a turn, and itself not", { skip }, async (t) => {
  const one = await openTestStore(t, server);
  const other = await openTestStore(t, server, { url: one.url });
  const stranger = await openTestStore(t, server);
  const [own, others, strangers] = [hear(one.notices), hear(other.notices), hear(stranger.notices)];
  await Promise.all([own.has("gap"), others.has("gap"), strangers.has("gap")]);
  for (const topic of ["a", "b", "a", 'with "quotes"\nand lines', "a"]) one.notices.publish(topic);
  one.notices.publish("last");
  await others.has("last");
  assert.deepEqual(others.heard, ["gap", "a", "b", 'with "quotes"\nand lines', "last"]);
  assert.deepEqual([own.heard, strangers.heard], [["gap"], ["gap"]]);
  others.end();
  one.notices.publish("unheard");
  const again = hear(other.notices);
  one.notices.publish("heard");
  await again.has("heard");
  assert.deepEqual(others.heard.length, 5);
});

test("more topics than one notification holds arrive, and a topic that is too long stands for all", {
  skip,
}, async (t) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): unknown => warnings.push(warning);
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  const one = await openTestStore(t, server);
  const other = await openTestStore(t, server, { url: one.url });
  const { heard, has } = hear(other.notices);
  await has("gap");
  const topics = Array.from({ length: 500 }, (_, index) => `${"ü".repeat(100)} ${index}`);
  for (const topic of topics) one.notices.publish(topic);
  await has(topics.at(-1) ?? "");
  assert.deepEqual(heard.slice(1), topics);
  one.notices.publish("x".repeat(1_001));
  await has("gap", 2);
  // And what comes after it is told by its name again, also the longest that can be.
  const before = heard.length;
  const longest = "y".repeat(1_000);
  for (const topic of [longest, "after"]) one.notices.publish(topic);
  await until("more is heard", async () => {
    await server.query("select 1");
    return heard.length > before;
  });
  assert.deepEqual(heard.slice(before), [longest, "after"]);
  // pg warns who asks while it is asked.
  assert.deepEqual(warnings, []);
});

test("a listener that was cut off hears of a gap, and of what is published then", { skip }, async (t) => {
  const one = await openTestStore(t, server);
  const other = await openTestStore(t, server, { url: one.url });
  const { heard, has } = hear(other.notices);
  await has("gap");
  one.notices.publish("first");
  await has("first");
  const more = (count: number) =>
    until("more is heard", async () => {
      await server.query("select 1");
      return heard.length > count;
    });
  for (let cut = 1; cut <= 3; cut++) {
    const before = heard.length;
    await server.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runrpc notices'",
    );
    await more(before);
    assert.equal(heard[before], "gap");
    // The publisher was cut off too: where it does not know yet, it tells of all topics when it does.
    const then = heard.length;
    one.notices.publish(`after ${cut}`);
    await more(then);
  }
});

test("what was published is told before a store has closed", { skip }, async (t) => {
  const one = await openTestStore(t, server);
  const other = await openTestStore(t, server, { url: one.url });
  const { has } = hear(other.notices);
  await has("gap");
  one.notices.publish("opens the connection");
  await has("opens the connection");
  one.notices.publish("parting");
  await one.close();
  await has("parting");
});

test("when another process has gone, which may have told nobody of its last write, a listener hears of a gap, twice", {
  skip,
}, async (t) => {
  const one = await openTestStore(t, server);
  await hear(one.notices).has("gap");
  // It sees the other one at its first look.
  const other = await openTestStore(t, server, { url: one.url });
  const { heard, has } = hear(other.notices);
  await has("gap");
  await server.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runrpc notices' and datname = $1 order by backend_start limit 1",
    [new URL(one.url).pathname.slice(1)],
  );
  await has("gap", 3);
  assert.deepEqual(heard, ["gap", "gap", "gap"]);
});

test("a write that may have been committed without its caller knowing has all listeners look", {
  skip,
}, async (t) => {
  const one = await openTestStore(t, server);
  const other = await openTestStore(t, server, { url: one.url });
  const [own, others] = [hear(one.notices), hear(other.notices)];
  await Promise.all([own.has("gap"), others.has("gap")]);
  // COMMIT waits for a lock, and its backend ends there.
  const lock = await holdLock(server, one.url, 7);
  await server.query(
    `create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(7); return new; end $$;
     create constraint trigger wait after insert on items deferrable initially deferred for each row execute function wait()`,
    [],
    one.url,
  );
  const code = codeOf(one.queries.items.insertName("in doubt"));
  const waits = "wait_event_type = 'Lock' and query = 'COMMIT'";
  await until("a COMMIT waits", async () => (await countBackends(server, one.url, waits)) === 1);
  await server.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runrpc' and ${waits}`,
  );
  assert.equal(await code, "unknown");
  await lock.release();
  await Promise.all([own.has("gap", 3), others.has("gap", 2)]);
});

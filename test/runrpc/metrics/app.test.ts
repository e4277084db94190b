import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { startTestApp } from "runrpc/testing";
import { heardPromise, isHeard } from "../../../src/runrpc/data/heard-promise.ts";
import { Exposition } from "../../../src/runrpc/metrics/exposition.ts";
import { createQueryMetrics } from "../../../src/runrpc/metrics/query-metrics.ts";
import definition from "../../app/main.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { checkedByPromtool } from "./promtool.ts";
import { countOf, type Samples, samplesOf, scrape, scrapeUntil, sumOf } from "./scrape.ts";

const config = { "metrics.enabled": "true", "log.mode": "all" };

const timed = (samples: Samples, query: string): number =>
  sumOf(samples, "runrpc_store_query_duration_seconds_count", { query });

describe("the metrics of an application", () => {
  it("tell of its queries by name, its commits, its request log and its process", async (t) => {
    await using app = await startTestApp(definition, { config });
    const { createUser, listUsers } = app.client(UserService);
    const before = await scrape(app.url);
    const people = Array.from({ length: 20 }, (_, n) => ({
      email: `${n}@example.com`,
      displayName: "somebody",
    }));
    await Promise.all(people.map((person) => createUser(person)));
    await listUsers({});
    await assert.rejects(createUser({ email: "0@example.com", displayName: "again" }), {
      code: Code.AlreadyExists,
    });
    const samples = await scrapeUntil(
      app.url,
      "22 records in the request log",
      (found) => sumOf(found, "runrpc_request_log_written_total") === 22,
    );
    assert.equal(timed(samples, "rig.createUser") - timed(before, "rig.createUser"), 21);
    assert.equal(timed(samples, "rig.listUsers"), 1);
    const failed = { query: "rig.createUser", error_type: "already_exists" };
    assert.equal(sumOf(samples, "runrpc_store_query_errors_total", failed), 1);
    const commits = sumOf(samples, "runrpc_store_commit_writes_count");
    const writes = sumOf(samples, "runrpc_store_commit_writes_sum");
    assert.ok(commits > 0 && writes >= commits, `${writes} writes in ${commits} commits`);
    assert.equal(writes, sumOf(samples, "runrpc_store_queries_total", { side: "write" }));
    assert.equal(samples.get('runrpc_store_queued{side="write"}'), 0);
    assert.equal(sumOf(samples, "runrpc_request_log_dropped_total"), 0);
    for (const name of [
      "process_cpu_seconds_total",
      "process_resident_memory_bytes",
      "v8js_memory_heap_used_bytes",
      "nodejs_eventloop_time_seconds_total",
    ])
      assert.ok(sumOf(samples, name) > 0, name);
    assert.ok(sumOf(samples, "runrpc_connections", { http: "1" }) >= 1);
    assert.equal(countOf(samples, "nodejs_eventloop_delay_p99_seconds"), 1);
    const text = await (await fetch(`${app.url}/metrics`)).text();
    await checkedByPromtool(t, text);
  });

  it("count what debug mode finds, beside it", async () => {
    const debug = { ...config, "server.debug": "true", "debug.slow_ms": "10" };
    await using app = await startTestApp(definition, { config: debug });
    await app.client(UserService).listUsers({});
    const samples = await scrape(app.url);
    assert.equal(timed(samples, "rig.listUsers"), 1);
    assert.equal(
      sumOf(samples, "runrpc_server_open_calls", {
        rpc_method: "runrpc.monitor.v1.DebugService/ListFindings",
      }),
      0,
    );
  });
});

it("a query that fails is timed as well, and one that nobody awaits is still nobody's", async () => {
  const metrics = createQueryMetrics();
  const unheard = Promise.withResolvers<unknown>();
  const gone = new Error("its call is over");
  const queries = metrics.around({
    users: { find: () => heardPromise(Promise.reject(gone), unheard.resolve) },
  });
  const promise = queries.users.find();
  assert.equal(isHeard(promise), false);
  assert.equal(await unheard.promise, gone);
  const exposition = new Exposition();
  metrics.write(exposition);
  const samples = samplesOf(exposition.toString());
  assert.equal(timed(samples, "users.find"), 1);
  assert.equal(samples.get('runrpc_store_query_errors_total{query="users.find",error_type="canceled"}'), 1);
});

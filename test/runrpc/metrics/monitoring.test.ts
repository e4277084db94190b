import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { startTestApp } from "runrpc/testing";
import { parse } from "yaml";
import definition from "../../app/main.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { promtool, runTool } from "../../wire/tools.ts";
import { scrapeUntil, sumOf } from "./scrape.ts";

const folder = join(import.meta.dirname, "../../../docs/monitoring");

/** An expression, and where it stands. */
interface Asked {
  readonly where: string;
  readonly expr: string;
}

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** What a server tells: the names of its metrics, and every label that one of them has. */
interface Told {
  readonly names: ReadonlySet<string>;
  readonly labels: ReadonlySet<string>;
}

async function toldByServer(): Promise<Told> {
  await using app = await startTestApp(definition, { config: { "metrics.enabled": "true" } });
  await app.client(UserService).listUsers({});
  await scrapeUntil(
    app.url,
    "a call",
    (samples) => sumOf(samples, "rpc_server_call_duration_seconds_count") > 0,
  );
  const text = await (await fetch(`${app.url}/metrics`)).text();
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = "", type]) =>
    type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
  );
  const labels = [...text.matchAll(/[{,](\w+)="/g)].map(([, label = ""]) => label);
  // Those that Prometheus adds, and those of families that have no sample until something goes wrong.
  return {
    names: new Set([...names, "up"]),
    labels: new Set([...labels, "job", "instance", "error_type", "kind"]),
  };
}

async function askedByDashboard(): Promise<readonly Asked[]> {
  const { panels } = JSON.parse(await readFile(join(folder, "dashboard.json"), "utf8")) as {
    panels: readonly Panel[];
  };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `dashboard.json: ${title}`, expr: withoutVariables(expr) })),
  );
}

async function askedByAlerts(): Promise<readonly Asked[]> {
  const { groups } = parse(await readFile(join(folder, "alerts.yaml"), "utf8")) as {
    groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
  };
  return groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => ({ where: `alerts.yaml: ${alert}`, expr })),
  );
}

/** As Grafana fills them in. */
function withoutVariables(expr: string): string {
  return expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$\w+/g, ".*");
}

/** The names of the metrics and of the labels in an expression of PromQL. */
function namesIn(expr: string): { readonly names: readonly string[]; readonly labels: readonly string[] } {
  const bare = expr.replaceAll(/"[^"]*"/g, '""');
  const matchers = [...bare.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside = ""]) => inside.split(","));
  const grouped = [...bare.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, inside = ""]) => inside.split(","));
  const rest = bare.replaceAll(/\{[^}]*\}|\bby\s*\([^)]*\)|\[[^\]]*\]/g, " ");
  return {
    names: [...rest.matchAll(/[a-zA-Z_:][\w:]*(?!\s*\()\b/g)]
      .map(([name]) => name)
      .filter((name) => (name.includes("_") || name === "up") && name !== "histogram_quantile"),
    labels: [...matchers.map((matcher) => matcher.split(/[=!]/)[0] ?? ""), ...grouped]
      .map((label) => label.trim())
      .filter((label) => label !== ""),
  };
}

/** Runs promtool over a file, or passes the test over where there is none. */
async function judge(t: TestContext, ...args: readonly string[]): Promise<void> {
  const { path, skip } = promtool();
  if (skip !== false) {
    t.skip(skip);
    return;
  }
  const { code, stdout, stderr } = await runTool(path, ...args);
  assert.equal(code, 0, stdout + stderr);
}

describe("the dashboard and the alerts", () => {
  let told: Told;
  let asked: readonly Asked[];
  before(async () => {
    told = await toldByServer();
    asked = [...(await askedByDashboard()), ...(await askedByAlerts())];
    assert.ok(asked.length > 50);
  });

  it("ask for metrics and labels that a server has", () => {
    const wrong = asked.flatMap(({ where, expr }) => {
      const { names, labels } = namesIn(expr);
      assert.notEqual(names.length, 0, `${where}: no metric is in ${expr}`);
      return [
        ...names.filter((name) => !told.names.has(name)),
        ...labels.filter((label) => !told.labels.has(label)),
      ].map((name) => `${where}: ${name}`);
    });
    assert.deepEqual(wrong, []);
  });

  it("leave no metric of ours out", () => {
    const text = asked.map(({ expr }) => expr).join("\n");
    const families = new Set([...told.names].map((name) => name.replace(/_(bucket|sum|count)$/, "")));
    assert.deepEqual(
      [...families].filter((name) => !text.includes(name)),
      [],
    );
  });

  it("have panels of their own for unary calls and for streams", async () => {
    for (const { where, expr } of asked.filter((each) => each.where.startsWith("dashboard")))
      assert.ok(
        !(/rpc_server_call_duration/.test(expr) && /runrpc_server_stream_duration/.test(expr)),
        `${where} mixes them`,
      );
  });

  it("are rules that Prometheus loads", async (t) => {
    await judge(t, "check", "rules", join(folder, "alerts.yaml"));
  });

  it("are expressions that Prometheus reads", async (t) => {
    const rules = asked.map(({ expr }, number) => ({ record: `expression:${number}`, expr }));
    const temporary = await mkdtemp(join(tmpdir(), "runrpc-rules-"));
    t.after(() => rm(temporary, { recursive: true }));
    const file = join(temporary, "rules.json");
    // YAML takes all that is JSON.
    await writeFile(file, JSON.stringify({ groups: [{ name: "expressions", rules }] }));
    await judge(t, "check", "rules", file);
  });

  it("come with a configuration that Prometheus takes", async (t) => {
    await judge(t, "check", "config", "--syntax-only", join(folder, "prometheus.yaml"));
  });

  it("the reader of expressions sees every name", () => {
    const expr = 'sum by (job, le) (rate(a_b{c=~"d_e{}", f!="g"}[5m])) / h_i > up and time() - j_k{}';
    assert.deepEqual(namesIn(expr), { names: ["a_b", "h_i", "up", "j_k"], labels: ["c", "f", "job", "le"] });
  });
});

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { configFields } from "../../../src/runrpc/config/fields.ts";
import { makeFolder } from "../../app/project.ts";
import { runCommand } from "./run-command.ts";

const cwd = makeFolder();
writeFileSync(join(cwd, "runrpc.yaml"), "limits: {max_connections: 7}\n");

it("prints each value with its source, and no password", async () => {
  const { code, stdout, stderr } = await runCommand(
    [
      "config",
      "--port",
      "8080",
      "--no-health",
      "--database-url",
      "postgres://ada:secret@db/app",
      "--cors-origins",
      "https://a,https://b",
    ],
    { cwd, env: { RUNRPC_LOG: "errors" } },
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const rows = stdout.split("\n").map((line) => line.split(/ {2,}/));
  const row = (name: string) => rows.find((cells) => cells[0] === name)?.slice(1);
  assert.deepEqual(row("server.port"), ["8080", "flag --port"]);
  assert.deepEqual(row("server.health"), ["false", "flag --no-health"]);
  assert.deepEqual(row("log.mode"), ['"errors"', "environment RUNRPC_LOG"]);
  assert.deepEqual(row("limits.max_connections"), ["7", "file runrpc.yaml"]);
  assert.deepEqual(row("database.url"), ['"postgres://ada:***@db/app"', "flag --database"]);
  assert.deepEqual(row("cors.origins"), ['["https://a","https://b"]', "flag --cors-origins"]);
  assert.deepEqual(row("timeouts.drain_timeout_ms"), ["10000", "default"]);
});

it("--json has every value with its flag and variable", async () => {
  const { stdout } = await runCommand(["config", "--json"], { cwd });
  const entries = JSON.parse(stdout) as { name: string }[];
  assert.deepEqual(
    entries.map(({ name }) => name),
    configFields.map(({ path }) => path),
  );
  assert.deepEqual(
    entries.find(({ name }) => name === "limits.max_connections"),
    {
      name: "limits.max_connections",
      value: 7,
      source: "file runrpc.yaml",
      flag: "--max-connections",
      environment: "RUNRPC_MAX_CONNECTIONS",
    },
  );
});

it("every problem has a line, and the exit code is 2", async () => {
  const { code, stdout, stderr } = await runCommand(
    ["config", "--port", "70000", "--config", "runrpc.yaml"],
    {
      cwd,
      env: { RUNRPC_PROT: "1" },
    },
  );
  assert.deepEqual([code, stdout], [2, ""]);
  assert.deepEqual(stderr.split("\n"), [
    "error: environment RUNRPC_PROT is unknown; did you mean RUNRPC_PORT?",
    'error: flag --port is "70000"; it takes a whole number from 0 to 65535',
    "",
  ]);
});

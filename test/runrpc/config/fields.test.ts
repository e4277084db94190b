import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { configFields, configGroups } from "../../../src/runrpc/config/fields.ts";
import { configTexts } from "../../../src/runrpc/config/texts.ts";

it("no two values share a flag or a variable, the opposites of switches included", () => {
  const flags = configFields.flatMap(({ flags, kind }) =>
    kind === "boolean" ? flags.flatMap((flag) => [flag, `no-${flag}`]) : flags,
  );
  const taken = [...flags, "config", "json", "help", "version"];
  assert.deepEqual(taken, [...new Set(taken)]);
  const variables = [
    ...configFields.flatMap((field) => field.variables),
    "RUNRPC_CONFIG",
    "RUNRPC_KEY",
    "RUNRPC_ADDRESS",
  ];
  assert.deepEqual(variables, [...new Set(variables)]);
});

it("names follow the group and the leaf", () => {
  const names = (path: string) => {
    const field = configFields.find((candidate) => candidate.path === path);
    return [...(field?.flags ?? []), ...(field?.variables ?? [])];
  };
  assert.deepEqual(names("server.port"), ["port", "RUNRPC_PORT"]);
  assert.deepEqual(names("limits.max_concurrent_streams"), [
    "max-concurrent-streams",
    "RUNRPC_MAX_CONCURRENT_STREAMS",
  ]);
  assert.deepEqual(names("tls.key_file"), ["tls-key-file", "RUNRPC_TLS_KEY_FILE"]);
  assert.deepEqual(names("log.mode"), ["log", "log-mode", "RUNRPC_LOG", "RUNRPC_LOG_MODE"]);
  assert.deepEqual(names("database.url"), [
    "database",
    "database-url",
    "RUNRPC_DATABASE",
    "RUNRPC_DATABASE_URL",
  ]);
});

it("the text of every group and value is its comment in the schema", () => {
  const comments = new Map<string, string>();
  let group = "";
  let lines: string[] = [];
  const schema = readFileSync(
    new URL("../../../proto/runrpc/config/v1/config.proto", import.meta.url),
    "utf8",
  );
  for (const line of schema.split("\n").map((text) => text.trim())) {
    const message = /^message (\w+)/.exec(line)?.[1]?.toLowerCase();
    const value = /^(?:repeated )?(?:bool|string|uint32) (\w+) = \d+/.exec(line)?.[1];
    if (message !== undefined) {
      group = message;
      comments.set(group, lines.join(" "));
    }
    if (value !== undefined) comments.set(`${group}.${value}`, lines.join(" "));
    lines = line.startsWith("//") ? [...lines, line.slice(2).trim()] : [];
  }
  comments.delete("config");
  assert.deepEqual(
    new Set(comments.keys()),
    new Set([...configGroups, ...configFields.map(({ path }) => path)]),
  );
  assert.deepEqual(configTexts, Object.fromEntries(comments));
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { insert } from "../../../src/runrpc/scaffold/edits.ts";
import { insertRpc } from "../../../src/runrpc/scaffold/insert-rpc.ts";
import { messagesText, type NewMethod, rpcText } from "../../../src/runrpc/scaffold/method-text.ts";
import {
  type Contracts,
  checkMethodAdded,
  readContracts,
} from "../../../src/runrpc/scaffold/project/contracts.ts";
import { hostileProtos } from "./hostile-protos.ts";

const method: NewMethod = {
  service: "S",
  method: "Count",
  kind: "server-streaming",
  input: "CountRequest",
  output: "CountResponse",
  scopes: undefined,
};
const settings = { roots: ["proto"], gen: "gen" };

let folder: string;
let before_: Contracts;

function added(text: string): string {
  return insert(text, insertRpc(text, { ...method, rpc: rpcText(method), messages: messagesText(method) }));
}

/** Each has a package of its own: they are built together. */
function packaged(text: string, index: number): string {
  return text.replaceAll("t.v1", `t${index}.v1`).replace("50001", String(50001 + index));
}

function pathOf(index: number): string {
  return `proto/t${index}/v1/t.proto`;
}

function originalOf(marked: string, index: number): string {
  return packaged(marked.replaceAll(/«[^»]*»/g, ""), index);
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "runrpc-protos-"));
  symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), join(folder, "node_modules"));
  writeFileSync(join(folder, "buf.yaml"), "version: v2\nmodules:\n  - path: proto\n");
  for (const [index, { marked }] of hostileProtos.entries()) {
    mkdirSync(join(folder, `proto/t${index}/v1`), { recursive: true });
    writeFileSync(join(folder, pathOf(index)), originalOf(marked, index));
  }
  before_ = await readContracts(folder, settings);
});

after(() => rmSync(folder, { recursive: true }));

describe("a method goes into a contract, which keeps every other byte and every other descriptor", () => {
  for (const [index, { title, marked }] of hostileProtos.entries()) {
    it(title, async () => {
      const text = added(originalOf(marked, index));
      assert.equal(text, packaged(marked.replaceAll(/[«»]/g, ""), index));
      const contracts = await readContracts(folder, settings, new Map([[pathOf(index), text]]));
      const service = contracts.registry.getService(`t${index}.v1.S`);
      assert.ok(service);
      assert.equal(service.methods.at(-1)?.methodKind, "server_streaming");
      const names = { service, method: "Count", messages: ["CountRequest", "CountResponse"] };
      checkMethodAdded(before_, contracts, names);
      assert.throws(() => checkMethodAdded(before_, contracts, { ...names, messages: ["CountRequest"] }));
    });
  }
});

it("a method that is there, a service that is not, and a comment without an end are refused", () => {
  const text = originalOf(hostileProtos[0]?.marked ?? "", 0);
  assert.throws(() => added(added(text)), /has a method Count already/);
  assert.throws(() => added("service T {}"), /no service S/);
  assert.throws(() => added(`/* no end ${text}`), /has no end/);
});

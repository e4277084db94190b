// The form in a real browser, over every kind of field that proto3, proto2 and editions have: what is set is given back, and the server takes it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Page } from "playwright-core";
import { type Server, startServer } from "../../../src/runrpc/server/server.ts";
import { createPage } from "../../../src/runrpc/web/page.ts";
import { alone } from "../../../src/runrpc/workers/peers.ts";
import { partOfService } from "../../part-of-service.ts";
import { type Browser, findChromium, startBrowser } from "../../wire/browser/chromium.ts";
import { Kinds } from "../codec/gen/kinds/v1/all_pb.ts";

const { path, skip } = findChromium();

const inner = { name: "a", n: -1, child: { name: "b", tags: ["c", "", "d"] } };

/** For each method a request in proto JSON, as protobuf-es writes it. */
const requests = {
  EchoAll: {
    i32: -2147483648,
    s32: -7,
    u32: 4294967295,
    i64: "-9223372036854775808",
    s64: "9007199254740993",
    u64: "18446744073709551615",
    f32: 1,
    sf32: -1,
    f64: "1",
    sf64: "-1",
    fl: 0.5,
    db: "NaN",
    bo: true,
    ascii: "a",
    uni: 'é "quoted"\nsecond line',
    by: "AQID",
    color: "COLOR_NEGATIVE",
    inner,
    ri32: [0, 1, -1],
    rs64: ["0", "-9007199254740993"],
    rdb: [0, "Infinity", "-Infinity", 1e300],
    rbo: [true, false],
    rcolor: ["COLOR_UNSPECIFIED", "COLOR_BLUE"],
    rstr: ["", "a"],
    rby: ["", "AQ=="],
    rinner: [{}, inner],
    mss: { "": "", a: "b" },
    mii: { "-1": {}, "7": inner },
    mbb: { true: "AQ==", false: "" },
    mlc: { "-9007199254740993": "COLOR_RED" },
    msd: { a: "NaN", b: 0 },
    kinner: {},
    oi: 0,
    os: "",
    ob: false,
    oby: "",
    oc: "COLOR_UNSPECIFIED",
    odb: 0,
    ol: "0",
    ts: "2026-01-02T03:04:05.123456789Z",
    ru64: ["18446744073709551615"],
    mub: { "1": true },
    mff: { "1": 0.5 },
    farthest: {},
  },
  EchoTwo: {
    id: "",
    n: 0,
    s: "",
    c: "CLOSED_TWO",
    unpacked: [1],
    packed: [1, 2],
    b: "AQ==",
    rc: ["CLOSED_ONE", "CLOSED_TWO"],
    group: { a: 0, inner: { a: 1 } },
    child: { id: "b", f: false },
    d: "-Infinity",
    f: false,
    l: "0",
    kids: [{ id: "c" }],
    many: [{ text: "" }, {}],
    other: { a: "18446744073709551615" },
    packedClosed: ["CLOSED_ONE"],
    by: { a: "CLOSED_ZERO_FIVE", "": "CLOSED_ZERO_NONE" },
    // The form does not know extensions, and leaves them.
    "[kinds.v1.ext]": "e",
    "[kinds.v1.numbers]": [1, 2],
  },
  EchoEditions: {
    explicit: 0,
    imp: "a",
    raw: "b",
    expanded: [1],
    packed: [2],
    delimited: { req: "c", first: "SHUT_B", delimited: { req: "", first: "SHUT_A" } },
    child: { req: "", first: "SHUT_A" },
    by: "AQ==",
    digits: "-9223372036854775808",
    kDigits: "0",
    req: "d",
    m: { __proto: 1, "": 0 },
    bo: false,
    moreDigits: ["18446744073709551615"],
    groups: [{ req: "", first: "SHUT_A" }],
    implicitDigits: "-1",
    shut: "SHUT_B",
    first: "SHUT_A",
    groupEditions: { n: 0 },
    ungroupEditions: {},
  },
  EchoKnown: {
    timestamp: "0001-01-01T00:00:00Z",
    duration: "-1.000000001s",
    mask: "struct,boolBy",
    any: { "@type": "type.googleapis.com/kinds.v1.Inner", name: "a", n: 1 },
    struct: { a: [1, null, { b: true }] },
    value: [1, "two"],
    list: [1, "two", null],
    structs: [{}, { a: 1 }],
    structBy: { a: { b: null } },
    values: [1, "a", { b: [] }],
    double: 0,
    float: "NaN",
    int64: "9007199254740993",
    uint64: "0",
    int32: 0,
    uint32: 1,
    bool: false,
    string: "",
    bytes: "",
    strings: ["", "a"],
    boolBy: { "1": false },
    oneInt32: 0,
  },
  EchoOdd: {
    constructor: "a",
    class: "b",
    toString: "c",
    empty: {},
    empties: [{}, {}],
    timestamp: { deep: { up: {} } },
  },
} as const;

describe("the form in Chromium", { skip, timeout: 120_000 }, () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  before(async () => {
    server = await startServer({
      services: [
        partOfService(Kinds, {
          echoAll: (all) => all,
          echoTwo: (two) => two,
          echoEditions: (editions) => editions,
          echoKnown: (known) => known,
          echoOdd: (odd) => odd,
        }),
      ],
      keys: "open",
      server: { host: "127.0.0.1", port: 0 },
      page: createPage({ hosts: [], signIn: undefined, peers: alone() }),
    });
    browser = await startBrowser(path);
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.addInitScript(() => sessionStorage.setItem("runrpc.key", "any"));
  });
  after(async () => {
    await browser?.close();
    await server?.drain();
  });

  const json = () => page.getByLabel("The request as JSON");

  async function open(method: string): Promise<void> {
    await page.goto(`${server.url}/_/#/kinds.v1.Kinds/${method}`);
    await page.getByRole("heading", { level: 1, name: method }).waitFor();
  }

  /** A change in the form has the JSON written from what all of its controls hold. */
  async function writeFromForm(): Promise<unknown> {
    await page.locator(".form input, .form textarea, .form select").first().dispatchEvent("change");
    await page.locator(".form input, .form textarea, .form select").first().dispatchEvent("input");
    return JSON.parse(await json().inputValue());
  }

  for (const [method, request] of Object.entries(requests))
    it(`${method}: what is set is given back, and echoed by the server`, async () => {
      await open(method);
      await json().fill(JSON.stringify(request));
      assert.deepEqual(await writeFromForm(), request);
      await page.getByRole("button", { name: "Send", exact: true }).click();
      await page.locator(".status.ok").waitFor();
      const answer = JSON.parse((await page.locator(".whole pre").textContent()) ?? "");
      assert.deepEqual(answer, request);
    });

  it("nothing is set in an empty form", async () => {
    for (const method of Object.keys(requests)) {
      await open(method);
      await json().fill("{}");
      assert.deepEqual(await writeFromForm(), {});
    }
  });

  it("null is what a oneof is set to, where that is its type", async () => {
    await open("EchoKnown");
    await json().fill('{"oneNull": null}');
    assert.deepEqual(await writeFromForm(), { oneNull: null });
    assert.equal(await page.getByLabel("one", { exact: true }).inputValue(), "one_null");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator(".status.ok").waitFor();
    const answer = JSON.parse((await page.locator(".whole pre").textContent()) ?? "");
    assert.deepEqual(answer, { oneNull: null });
    // Of another type it says that nothing is set.
    await json().fill('{"oneInt32": null}');
    assert.deepEqual(await writeFromForm(), {});
  });

  it("values are typed as people write them", async () => {
    await open("EchoKnown");
    await page.getByLabel("duration", { exact: true }).fill("200ms");
    await page.getByLabel("int64", { exact: true }).fill("9007199254740993");
    const any = page.locator('[data-field="any"]').first();
    await any.getByLabel("any", { exact: true }).selectOption("google.protobuf.Duration");
    await any.getByLabel("value", { exact: true }).fill("2m");
    await page.getByLabel("one", { exact: true }).selectOption("one_timestamp");
    await page.getByRole("button", { name: "now" }).last().click();
    const { oneTimestamp, ...others } = JSON.parse(await json().inputValue());
    assert.ok(!Number.isNaN(Date.parse(oneTimestamp)));
    assert.deepEqual(others, {
      duration: "0.2s",
      any: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "120s" },
      int64: "9007199254740993",
    });
  });

  it("a value that is none is marked, sent as it is, and refused by the server", async () => {
    await open("EchoAll");
    const field = page.getByLabel("i32", { exact: true });
    await field.fill("12x");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator(".status.failed", { hasText: "invalid_argument" }).waitFor();
  });
});

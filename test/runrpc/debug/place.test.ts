import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import {
  directPlaceOf,
  type Frame,
  framesOf,
  ownerOf,
  placeOf,
  placeText,
} from "../../../src/runrpc/debug/place.ts";
import { takeStack } from "../../../src/runrpc/debug/stack.ts";

const own = new URL("../../../src/runrpc/server/server.ts", import.meta.url).href;
const user = new URL("../../../src/services/x.ts", import.meta.url).href;
const library = pathToFileURL("/x/node_modules/lib/index.js").href;
const frame = (url: string, line = 1): Frame => ({ url, line, functionName: "f" });

describe("whose code a frame is", () => {
  for (const [url, owner] of [
    ["node:fs", "node"],
    ["", "node"],
    [own, "runrpc"],
    [library, "library"],
    [user, "user"],
    ["/home/x/app/service.js", "user"],
    ["/home/x/app/node_modules/lib/index.js", "library"],
  ] as const)
    it(`${url || "native code"} is ${owner}'s`, () => assert.equal(ownerOf(url), owner));
});

describe("the frame that a person can change something in", () => {
  const node = frame("node:fs");
  for (const [name, frames, place, direct] of [
    ["the user's, beneath Node's", [node, frame(user)], user, user],
    ["the user's, beneath a library's", [frame(library), frame(user)], user, user],
    ["a library's, where there is none of the user's", [node, frame(library)], library, library],
    [
      "the user's beneath runrpc's, where runrpc may come in between",
      [frame(own), frame(user)],
      user,
      undefined,
    ],
    ["none, where runrpc called the library", [frame(own), frame(library)], undefined, undefined],
    ["none of nothing", [], undefined, undefined],
  ] as const)
    it(name, () => {
      assert.equal(placeOf(frames)?.url, place);
      assert.equal(directPlaceOf(frames)?.url, direct);
    });
});

it("the frames of a stack are read in each of the ways in which V8 writes them", () => {
  const stack = [
    "Error: at (x:1:2)",
    "    at Object.getUser (file:///app/service.ts:40:7)",
    "    at async file:///app/other.ts:5:1",
    "    at async Object.run (/app/run.js:6:1)",
    "    at new Thing (file:///app/a b.ts:7:1)",
    "    at JSON.parse (<anonymous>)",
    "    at Array.map (<anonymous>)",
    "    at node:internal/timers:685:17",
  ].join("\n");
  assert.deepEqual(
    framesOf(stack).map(({ url, line, functionName }) => `${url} ${line} ${functionName}`),
    [
      "file:///app/service.ts 40 getUser",
      "file:///app/other.ts 5 ",
      "/app/run.js 6 run",
      "file:///app/a b.ts 7 new Thing",
      "node:internal/timers 685 ",
    ],
  );
});

it("a place is told by its path from the working directory, or by the whole of it", () => {
  assert.equal(placeText({ url: user, line: 3, functionName: "getUser" }), "src/services/x.ts:3 (getUser)");
  assert.equal(placeText({ url: "file:///elsewhere/x.ts", line: 3, functionName: "" }), "/elsewhere/x.ts:3");
});

it("a stack is taken above a function, and leaves the limit of stacks as it was", () => {
  const limit = Error.stackTraceLimit;
  const taken = (function inner() {
    return takeStack(inner);
  })();
  assert.match(taken.frames[0]?.url ?? "", /place\.test\.ts$/);
  assert.equal(Error.stackTraceLimit, limit);
});

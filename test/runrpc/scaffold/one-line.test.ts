import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { insert } from "../../../src/runrpc/scaffold/edits.ts";
import { type Braces, insertMembers } from "../../../src/runrpc/scaffold/insert-members.ts";
import { kindChange } from "../../../src/runrpc/scaffold/project/kind-change.ts";

/** The braces of `x = { … }` or `x = [ … ]`, whose members are words. */
function bracesOf(text: string): Braces {
  const [open, close] = [text.search(/[{[]/), text.search(/[}\]]/)];
  const members = [...text.slice(open, close).matchAll(/\w+/g)].map(({ 0: word, index }) => ({
    start: open + index,
    end: open + index + word.length,
  }));
  return { separator: ",", open, close, members };
}

describe("a member goes into braces on one line", () => {
  for (const [text, lineWidth, expected] of [
    ["x = {};", 80, "x = { new };"],
    ["x = [];", 80, "x = [new];"],
    ["x = { a, b };", 18, "x = { a, b, new };"],
    ["x = { a, b };", 17, "x = {\n  a,\n  b,\n  new,\n};"],
    ["x = { a, b, };", 80, "x = { a, b, new, };"],
    ["x = [a, b];", 15, "x = [\n  a,\n  b,\n  new,\n];"],
    ["\tx = {a,b};", 10, "\tx = {\n\t\ta,\n\t\tb,\n\t\tnew,\n\t};"],
  ] as const) {
    it(`${JSON.stringify(text)} in ${lineWidth} characters`, () => {
      assert.equal(insert(text, insertMembers(text, bracesOf(text), ["new"], { lineWidth })), expected);
    });
  }
});

describe("a kind that changed is told by what the handler shows, else by the code that it was written against", () => {
  const unary = { takesStream: false, givesStream: false };
  for (const [kind, handler, generated, words] of [
    ["unary", unary, "unary", undefined],
    ["server_streaming", unary, "server_streaming", "streams"],
    ["client_streaming", unary, "client_streaming", "takes a stream"],
    ["bidi_streaming", unary, undefined, "streams and takes a stream"],
    ["unary", { takesStream: true, givesStream: true }, undefined, "answers once and takes one message"],
    ["client_streaming", { takesStream: undefined, givesStream: false }, "unary", "takes a stream"],
    ["client_streaming", { takesStream: undefined, givesStream: false }, "client_streaming", undefined],
    ["server_streaming", { takesStream: undefined, givesStream: undefined }, undefined, undefined],
  ] as const) {
    it(`${JSON.stringify(handler)} of ${generated}, for ${kind}`, () => {
      assert.equal(kindChange(kind, handler, generated)?.words, words);
    });
  }
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { importsOf, sources } from "./source.ts";

type Graph = ReadonlyMap<string, readonly string[]>;

/** A protocol of the fast lane names the plan that holds it, and the plan its protocol: as types alone. */
const mayCircleAsTypes = /^src\/runrpc\/server\/lanes\/fast\//;

it("no import of src goes round in a circle, of types neither", () => {
  const graph = new Map(
    sources("src/**/*.ts").map((source) => [
      source.path,
      // A doc comment may link to a file that imports its own.
      importsOf({ ...source, text: source.text.replace(/\/\*[\s\S]*?\*\//g, "") })
        .filter(({ isType }) => !isType || !mayCircleAsTypes.test(source.path))
        .map(({ to }) => to),
    ]),
  );
  const circles = circlesIn(graph);
  const advice = "move what both need into a file of its own, or hand it in";
  assert.ok(circles.length === 0, circles.map((circle) => `${circle}: ${advice}`).join("\n"));
});

it("a circle is found, and told once", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c"]],
    ["c", ["b", "d"]],
    ["d", []],
  ]);
  assert.deepEqual(circlesIn(graph), ["b → c → b"]);
});

/** The circles of a graph, each from its first file in the alphabet. */
function circlesIn(graph: Graph): string[] {
  return [...graph.keys()].flatMap((start) => circleFrom(graph, start) ?? []);
}

function circleFrom(graph: Graph, start: string): string | undefined {
  const seen = new Set<string>();
  const walk = (way: readonly string[]): string | undefined => {
    for (const next of graph.get(way.at(-1) ?? "") ?? []) {
      if (next === start) return [...way, next].join(" → ");
      if (next < start || seen.has(next)) continue;
      seen.add(next);
      const found = walk([...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk([start]);
}

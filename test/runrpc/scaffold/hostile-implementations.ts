/** A file with an implementation of t.v1.ThingService that lacks `watch`. */
export interface HostileFile {
  readonly title: string;
  /** Between « and » what has to be inserted; the rest is the file as it was. */
  readonly marked: string;
}

const head = `import type { ServiceImpl } from "@connectrpc/connect";
import type { ThingService } from "../gen/t_pb.ts";
`;
const line = `«import { skeleton } from "runrpc";
»`;
/** The head with the import between its two lines, where the order of specifiers puts it. */
const headed = head.replace("\n", `\n${line}`);
const form = "// To be written: async *watch(request, { signal }) { yield {}; }";
const handler = 'watch: skeleton("t.v1.ThingService/Watch")';

const plain = `${headed}
/** A comment with «»braces: } { */
export function create(): ServiceImpl<typeof ThingService> {
  return {
    async get() {
      return {};
    },«

    ${form}
    ${handler},»
  };
}
`;

export const hostileFiles: readonly HostileFile[] = [
  { title: "a factory as it is usually written", marked: plain },
  { title: "CRLF", marked: plain.replaceAll("\n", "\r\n") },
  { title: "tabs", marked: plain.replace(/^ +/gm, (spaces) => "\t".repeat(spaces.length / 2)) },
  { title: "four spaces", marked: plain.replace(/^ +/gm, (spaces) => spaces + spaces) },
  {
    title: "a byte order mark, and letters of two and four bytes",
    marked: `\ufeff${plain.replace("A comment", "Ünï ☃ 😀")}`,
  },
  { title: "no line end at the end", marked: plain.trimEnd() },
  {
    title: "no comma behind the last member, and comments with braces behind it",
    marked: `${headed}export const make = (): ServiceImpl<typeof ThingService> => ({
  get() { return {} }«,» // no comma, } brace in a comment
  // a last comment, with a "quote" and a {«

  ${form}
  ${handler},»
});
`,
  },
  {
    title: "all on one line, without semicolons",
    marked: `${headed}export const make = (): ServiceImpl<typeof ThingService> => ({ get: () => ({})«,
  ${form}
  ${handler},
» })
`,
  },
  {
    title: "a spread whose type says what it gives",
    marked: `${headed}const others = { get: () => ({}) };
export const service: ServiceImpl<typeof ThingService> = {
  ...others,«

  ${form}
  ${handler},»
};
`,
  },
  {
    title: "an empty object",
    marked: `${headed}export const service: ServiceImpl<typeof ThingService> = {«
  ${form}
  ${handler},
»};
`,
  },
  {
    title: "an empty object with a comment in it",
    marked: `${headed}export const service: ServiceImpl<typeof ThingService> = {
  // everything is still to be written«
  ${form}
  ${handler},»
};
`,
  },
  {
    title: "satisfies, quoted and bracketed names, a getter",
    marked: `${headed}const service = {
    ["get"]: () => ({}),          /* four spaces */«

    ${form}
    ${handler},»

} satisfies ServiceImpl<typeof ThingService>;
export default service;
`,
  },
  {
    title: "what looks like an implementation before and inside of it",
    marked: `${headed}export function create(q?: number): ServiceImpl<typeof ThingService> {
  const decoy = () => ({ get: "not this one", watch: 1 });
  function inner() { return { get() { return {}; } }; }
  if (q === 1) return { ...decoy(), ...inner() } as never; // an early return
  return { // the service
    /** doc with \`template \${x}\` and a regex /}{/ */
    async get() {
      const re = /[}{]/g, t = \`}\${ { a: "}" }.a }{\`;
      return t.replace(re, "") === "" ? {} : {};
    } /* after */

      ,   // comma on a line of its own
    // watch: commented out«

    ${form}
    ${handler},»
  }
}
`,
  },
  {
    title: "a variable that is returned, and a shorthand",
    marked: `${headed}export function create(): ServiceImpl<typeof ThingService> {
  const implementation: ServiceImpl<typeof ThingService> = {
    get,«

    ${form}
    ${handler},»
  };
  return implementation;
}
function get() { return {}; }
`,
  },
  {
    title: "a name of its own for the type",
    marked: `${headed}type Things = ServiceImpl<typeof ThingService>;
export function create(): Things {
  return {
    async get() { return {}; },«

    ${form}
    ${handler},»
  };
}
`,
  },
  {
    title: "an interface that has more than the service",
    marked: `${headed}interface Things extends ServiceImpl<typeof ThingService> { readonly size: number }
export const things: Things = {
  size: 1,
  get: () => ({}),«

  ${form}
  ${handler},»
};
`,
  },
  {
    title: "a class with private members",
    marked: `${headed}export class Things implements ServiceImpl<typeof ThingService> {
  #q: number;
  constructor(q: number) { this.#q = q; }
  async get() { this.#q++; return {}; }«

  ${form}
  watch = skeleton("t.v1.ThingService/Watch");»
}
`,
  },
  {
    title: "a class expression on one line",
    marked: `${headed}export const Things = class implements ServiceImpl<typeof ThingService> { get() { return {}; }«
  ${form}
  watch = skeleton("t.v1.ThingService/Watch");
» };
`,
  },
  {
    title: "an implementation in the call of a function that infers the service",
    marked: `import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
«import { skeleton } from "runrpc";
»import { ThingService as T } from "../gen/t_pb.ts";
declare function define<S extends DescService>(service: S, implementation: ServiceImpl<S>): void;
define(T, {
  async get() { return {}; },«

  ${form}
  ${handler},»
});
`,
  },
  {
    title: "no import statement",
    marked: `#!/usr/bin/env node
«import { skeleton } from "runrpc";
»export const service: import("@connectrpc/connect").ServiceImpl<typeof import("../gen/t_pb.ts").ThingService> = {
  get: () => ({}),«

  ${form}
  ${handler},»
};
`,
  },
  {
    title: "an import of runrpc on one line, whose names are sorted",
    marked: `import type { ServiceImpl } from "@connectrpc/connect";
import { requirePrincipal, «skeleton, »type StartChore } from "runrpc";
import type { ThingService } from "../gen/t_pb.ts";
export const make = (_: StartChore): ServiceImpl<typeof ThingService> => ({
  get: () => (requirePrincipal, {}),«

  ${form}
  ${handler},»
});
`,
  },
  {
    title: "an import of runrpc on lines of its own, in CRLF",
    marked: `import type { ServiceImpl } from "@connectrpc/connect";
import {
  pageTokenFromPosition,
  requirePrincipal«,
  skeleton»
} from "runrpc";
import type { ThingService } from "../gen/t_pb.ts";
export const service: ServiceImpl<typeof ThingService> = {
  get: () => (pageTokenFromPosition, requirePrincipal, {}),«

  ${form}
  ${handler},»
};
`.replaceAll("\n", "\r\n"),
  },
  {
    title: "an import of runrpc as a namespace",
    marked: `import type { ServiceImpl } from "@connectrpc/connect";
import * as runrpc from "runrpc";«
import { skeleton } from "runrpc";»
import type { ThingService } from "../gen/t_pb.ts";
export const service: ServiceImpl<typeof ThingService> = {
  get: () => (runrpc, {}),«

  ${form}
  ${handler},»
};
`,
  },
  {
    title: "something else of the name skeleton",
    marked: `import type { ServiceImpl } from "@connectrpc/connect";
«import { skeleton as runrpcSkeleton } from "runrpc";
»import type { ThingService } from "../gen/t_pb.ts";
const skeleton = "bones";
export const service: ServiceImpl<typeof ThingService> = {
  get: () => (skeleton, {}),«

  ${form}
  watch: runrpcSkeleton("t.v1.ThingService/Watch"),»
};
`,
  },
];

/** Files of which nobody can say what to insert, and a word of the reason. */
export const doubtfulFiles: readonly (HostileFile & { readonly reason: RegExp })[] = [
  {
    title: "a spread of any",
    reason: /rest\(\) is of type any/,
    marked: `${head}declare function rest(): any;
export const service: ServiceImpl<typeof ThingService> = { get: () => ({}), ...rest() };
`,
  },
  {
    title: "a spread that may give it",
    reason: /may have a watch, and may not/,
    marked: `${head}declare const some: Partial<ServiceImpl<typeof ThingService>>;
export const service: ServiceImpl<typeof ThingService> = { get: () => ({}), ...some };
`,
  },
  {
    title: "an object that is typed as nothing",
    reason: /no object or class of the project/,
    marked: `${head}export type Impl = ServiceImpl<typeof ThingService>;
export const service = { get: () => ({}) };
`,
  },
  {
    title: "two implementations",
    reason: /is implemented 2 times/,
    marked: `${head}export const one: ServiceImpl<typeof ThingService> = { get: () => ({}) };
export const two: ServiceImpl<typeof ThingService> = {};
`,
  },
];

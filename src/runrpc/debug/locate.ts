import { type Debugger, type Runtime, Session } from "node:inspector";
import type { Frame } from "./place.ts";

/** Where a function was written, or where a generator waits; V8 tells both to an inspector alone. */
export function locate(value: object): Frame | undefined {
  const session = new Session();
  const scripts = new Map<string, string>();
  try {
    session.connect();
    session.on("Debugger.scriptParsed", ({ params }) => scripts.set(params.scriptId, params.url));
    session.post("Debugger.enable");
    return locationOf(session, value, scripts);
  } catch {
    // Built without an inspector, or too deep in one: the finding is told without a line.
    return undefined;
  } finally {
    session.disconnect();
  }
}

/** The value is handed over by a global for the moment of the question. */
const HANDED_OVER = Symbol.for("runrpc.debug.located");

function locationOf(
  session: Session,
  value: object,
  scripts: ReadonlyMap<string, string>,
): Frame | undefined {
  const globals = globalThis as Record<symbol, unknown>;
  globals[HANDED_OVER] = value;
  const properties = propertiesOf(session);
  delete globals[HANDED_OVER];
  const find = (name: string) => properties.find((property) => property.name === name)?.value;
  const location = (find("[[GeneratorLocation]]") ?? find("[[FunctionLocation]]"))?.value as
    | Debugger.Location
    | undefined; // what V8 gives under these names
  const url = location && scripts.get(location.scriptId);
  if (location === undefined || url === undefined) return undefined;
  const generator = find("[[GeneratorFunction]]")?.description;
  const functionName = nameIn(generator) || ((value as { readonly name?: string }).name ?? "");
  return { url, line: location.lineNumber + 1, functionName };
}

/** A session of one's own thread answers at once. */
function propertiesOf(session: Session): readonly Runtime.InternalPropertyDescriptor[] {
  let found: readonly Runtime.InternalPropertyDescriptor[] = [];
  const expression = 'globalThis[Symbol.for("runrpc.debug.located")]';
  session.post("Runtime.evaluate", { expression }, (error, { result }) => {
    if (error !== null || result.objectId === undefined) return;
    session.post(
      "Runtime.getProperties",
      { objectId: result.objectId, ownProperties: true },
      (_error, answer) => {
        found = answer?.internalProperties ?? [];
      },
    );
  });
  return found;
}

/** `async *streamUsers({ limit }) {` → `streamUsers`. */
function nameIn(source: string | undefined): string {
  return /^(?:async\s+)?(?:function)?\s*\*?\s*([\w$]+)\s*\(/.exec(source ?? "")?.[1] ?? "";
}

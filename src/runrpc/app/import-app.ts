import { pathToFileURL } from "node:url";
import type { AppDefinition } from "./define-app.ts";

/** Imports the application that a file exports as its default; undefined where it exports none. */
export async function importApp(main: string): Promise<AppDefinition | undefined> {
  const { default: definition } = (await import(pathToFileURL(main).href)) as { default?: AppDefinition };
  return typeof definition?.services === "function" ? definition : undefined;
}

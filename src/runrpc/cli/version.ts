import { existsSync, readFileSync } from "node:fs";

/** The version of this package. Its package.json is three folders up from the sources, four from the built files. */
export function packageVersion(): string {
  const places = ["../../../package.json", "../../../../package.json"].map(
    (path) => new URL(path, import.meta.url),
  );
  const place = places.find((candidate) => existsSync(candidate));
  if (place === undefined) return "unknown";
  const { version } = JSON.parse(readFileSync(place, "utf8")) as { version: string }; // every package.json has one
  return version;
}

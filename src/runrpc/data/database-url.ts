import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withoutPassword } from "../url.ts";
import { DataError } from "./data-error.ts";

/**
 * The path in what the configuration calls the database: a path, or a `file:` URL. Throws `invalid_argument` with a
 * sentence for everything that would make a file of a strange name instead of what was meant: a URL of another scheme,
 * `:memory:`, a folder, a name of Windows elsewhere.
 */
export function fileFromUrl(url: string, platform: NodeJS.Platform = process.platform): string {
  const trouble = troubleWith(url, platform);
  if (trouble !== undefined) throw new DataError("invalid_argument", `${shown(url)} ${trouble}`);
  const path = pathOf(url);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isFile()) {
    const what = stat.isDirectory() ? "is a folder: name a file in it" : "is no ordinary file";
    throw new DataError("invalid_argument", `${shown(url)} ${what}`);
  }
  return path;
}

const pathHint = "name an SQLite file, such as data/runrpc.sqlite";

function troubleWith(url: string, platform: NodeJS.Platform): string | undefined {
  if (url.trim() === "") return `is empty: ${pathHint}`;
  if (url.includes("\0")) return "holds a NUL character";
  if (url.includes(":memory:") || /[?&]mode=memory\b/.test(url)) {
    return "is a database in memory, which threads cannot share: name a file, in a temporary folder if need be";
  }
  if (/^~(\/|$)/.test(url)) return "begins with ~, which only a shell replaces: write the whole path";
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (platform !== "win32" && (scheme?.length === 1 || url.includes("\\"))) {
    return `is a path of Windows: this is ${platform}, where folders are parted by /`;
  }
  if (scheme === "file") return troubleWithFileUrl(url);
  if (scheme !== undefined && scheme.length > 1) return troubleWithScheme(scheme);
  return url.endsWith("/") ? "is a folder: name a file in it" : undefined;
}

function troubleWithScheme(scheme: string): string {
  if (/^postgres/.test(scheme)) return "is no URL of Postgres, such as postgres://user@host/database";
  if (/^(mysql|mariadb|mssql|sqlserver|mongodb|redis|cockroach)/.test(scheme))
    return `is another kind of database: ${pathHint}`;
  const hint = /^(sqlite|libsql)/.test(scheme) ? "write the path alone, or as a file: URL" : pathHint;
  return `has the scheme ${scheme}:, and only file: is taken: ${hint} (a file of this very name: ./${scheme}:…)`;
}

function troubleWithFileUrl(url: string): string | undefined {
  if (/[?#]/.test(url)) return "has parameters, which are not taken: name the file alone";
  if (url.endsWith("/") || url === "file:") return "is a folder: name a file in it";
  try {
    pathOf(url);
    return undefined;
  } catch (error) {
    return `is no URL of a file: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** `file:data/x.sqlite` is a path from the working folder, as SQLite reads it; URL would begin it at the root. */
function pathOf(url: string): string {
  if (!/^file:/i.test(url)) return url;
  return /^file:\//i.test(url) ? fileURLToPath(url) : decodeURIComponent(url.slice("file:".length));
}

/** As it was given, without a password, and no longer than a line. */
function shown(url: string): string {
  const text = withoutPassword(url);
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

import type { StoreLog } from "../trouble.ts";

/** A process that serves a database file. */
export interface FileServer {
  readonly pid: number;
  /** Its machine or container. */
  readonly host: string;
  /** When it took the file, as RFC 3339 has it. */
  readonly since: string;
}

/** What becomes of a file's serving lock. */
export type ServingNews =
  /** Another process has it; `other` is undefined where that cannot be read. */
  | { readonly kind: "beside"; readonly other: FileServer | undefined }
  /** The other one has ended, and this process has it. */
  | { readonly kind: "alone" }
  /** It cannot be taken or looked at. */
  | { readonly kind: "unseen"; readonly why: string };

/** One process among others, in a line. */
export function serverText(server: FileServer | undefined): string {
  if (server === undefined) return "a process that does not say which";
  const { pid, host, since } = server;
  return `process ${pid} on ${host}, since ${since}`;
}

/** What two servers of one file do to each other, and what to do about that. */
export const besideAdvice =
  "two that write one file hold up each other's writes: end one of them, and serve by several processes with --workers";

export function logServing(log: StoreLog | undefined, file: string, news: ServingNews): void {
  switch (news.kind) {
    case "beside":
      log?.warn(
        { database: file, other: news.other },
        `another server has the database ${file}, ${serverText(news.other)}; ${besideAdvice}`,
      );
      return;
    case "alone":
      log?.info({ database: file }, `the other server has ended: this one has the database ${file} alone`);
      return;
    case "unseen":
      log?.warn(
        { database: file },
        `whether another server has the database ${file} cannot be seen: ${news.why}`,
      );
  }
}

/** One thing that was looked at. `warning`: it works, and somebody should know. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly text: string;
}

/** What was found. */
export interface Examination {
  readonly kind: "sqlite" | "postgres";
  /** Of SQLite or of the server; empty where there is no database. */
  readonly version: string;
  readonly checks: readonly Check[];
}

/** What a difference of migrations is worth. */
export function migrationsCheck(
  {
    present,
    pending,
    newer,
    edited,
  }: { readonly [Part in "present" | "pending" | "newer" | "edited"]: readonly string[] },
  allowNewer: boolean,
): Omit<Check, "name"> {
  if (edited.length > 0) return { state: "failed", text: `made with another text of: ${edited.join(", ")}` };
  if (newer.length > 0) {
    const text = `newer than this code: ${newer.join(", ")}`;
    if (!allowNewer) return { state: "failed", text };
    return { state: "warning", text: `${text} (database.allow_newer)` };
  }
  if (pending.length > 0)
    return { state: "warning", text: `to be applied by the next start: ${pending.join(", ")}` };
  return { state: "ok", text: `all ${present.length} are applied` };
}

import type { ChildProcess } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** Why the memory of a process cannot be read here; false where it can. */
export const noMemory = process.platform !== "linux" && "memory is read from /proc, which only Linux has";

/** Node's options of a server whose memory is looked at. */
export const collecting = `--import=${new URL("collect-garbage.ts", import.meta.url).href}`;

/** Looks without a lower figure, after which garbage counts as collected, and how far they are apart. */
const LOOKS = 3;
const LOOK_MS = 100;
/** A busy process may take long to reach its next turn. */
const MAX_LOOKS = 100;

/** What a process holds in memory, and the most that it ever held, in bytes. */
export async function memoryOf({
  pid,
}: ChildProcess): Promise<{ readonly bytes: number; readonly peakBytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { bytes: bytesOf("VmRSS"), peakBytes: bytesOf("VmHWM") };
}

/** Has the most that a process ever held count from now on. */
export async function forgetPeak({ pid }: ChildProcess): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5"); // proc_pid_clear_refs(5)
}

/** What a server that was started `collecting` holds in memory when its garbage is gone, in bytes. */
export async function heldBytes(child: ChildProcess): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let looks = 0, same = 0; same < LOOKS && looks < MAX_LOOKS; looks++) {
    child.kill("SIGWINCH");
    await delay(LOOK_MS);
    const { bytes } = await memoryOf(child);
    same = bytes < least - 1e6 ? 0 : same + 1;
    least = Math.min(least, bytes);
  }
  return least;
}

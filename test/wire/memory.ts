import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";

/** Why the memory of a process cannot be read here; false where it can. */
export const noMemory = process.platform !== "linux" && "memory is read from /proc, which only Linux has";

/** What a process holds in memory, and the most that it ever held, in bytes. */
export async function memoryOf({
  pid,
}: ChildProcess): Promise<{ readonly bytes: number; readonly peakBytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { bytes: bytesOf("VmRSS"), peakBytes: bytesOf("VmHWM") };
}

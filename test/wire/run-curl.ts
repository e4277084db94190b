import { execFile } from "node:child_process";

/** What curl was answered. */
export interface Answer {
  readonly status: number;
  /** As curl names it: 1.1 or 2. */
  readonly httpVersion: string;
  readonly body: Buffer;
}

/** Runs curl with this on its standard input. Rejects with what curl says when there is no answer. */
export function curl(args: readonly string[], input: string | Buffer = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = ["-sS", "--max-time", "60", "-w", "%{stderr}%{http_code} %{http_version}", ...args];
    const child = execFile("curl", all, { encoding: "buffer", maxBuffer: 1 << 26 }, (error, body, stderr) => {
      const [status = "", httpVersion = ""] = stderr.toString().split(" ");
      if (error !== null) reject(new Error(stderr.toString(), { cause: error }));
      else resolve({ status: Number(status), httpVersion, body });
    });
    child.stdin?.end(input);
  });
}

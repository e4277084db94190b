import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const proto = fileURLToPath(new URL("../proto/", import.meta.url));

/**
 * Generates the stubs of Python's server into `folder` with grpcio-tools. The interpreter is BENCH_PYTHON, else
 * python3. Undefined, with the reason printed, where it has no grpcio.
 */
export async function preparePython(
  folder: string,
): Promise<{ python: string; version: string } | undefined> {
  const { BENCH_PYTHON: python = "python3" } = process.env;
  try {
    const outputs = [`--python_out=${folder}`, `--grpc_python_out=${folder}`];
    await run(python, ["-m", "grpc_tools.protoc", `-I${proto}`, ...outputs, "bench/v1/bench.proto"]);
    const { stdout } = await run(python, [
      "-c",
      "import grpc, platform; print(grpc.__version__, 'on Python', platform.python_version())",
    ]);
    return { python, version: stdout.trim() };
  } catch {
    console.log(
      `Python is left out: ${python} has no grpcio and grpcio-tools; name another with BENCH_PYTHON`,
    );
    return undefined;
  }
}

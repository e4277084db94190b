/** Ends what runs at Ctrl-C or SIGTERM, so that it can clean up, and then the process as the signal would have. */
export async function untilSignal<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const end = (name: NodeJS.Signals): void => {
    caught ??= name;
    controller.abort(new Error(`ended by ${name}`));
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    return await run(controller.signal);
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    if (caught !== undefined) process.kill(process.pid, caught);
  }
}

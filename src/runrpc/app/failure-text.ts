/** What is told of what was thrown: its sentence, or the stack of what must be a fault of the program. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isFault =
    error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isFault ? (error.stack ?? error.message) : error.message;
}

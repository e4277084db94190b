/** The same answer for all who ask, as it takes long. One that fails is asked for again by whoever comes next. */
export function askedOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((reason: unknown) => {
      answer = undefined;
      throw reason;
    });
    return answer;
  };
}

/**
 * How many of the rows with these sizes go together without passing `maxSize`: at least one where there is one, so
 * that a row above the bound still gets through, alone.
 */
export function countWithin(sizes: readonly number[], maxSize: number): number {
  let total = 0;
  for (const [index, size] of sizes.entries()) {
    total += size;
    if (total > maxSize && index > 0) return index;
  }
  return sizes.length;
}

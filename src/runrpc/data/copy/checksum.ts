import { hash } from "node:crypto";

/** What is compared of the rows of a table. */
export interface RowSum {
  readonly rows: number;
  /** In hexadecimal. */
  readonly checksum: string;
}

/** Sums up rows, one after the other. */
export interface RowSummer {
  /** The values of a row in the order of its columns, each as the text that both databases have it as. */
  add(values: readonly (string | null)[]): void;
  readonly sum: RowSum;
}

const modulus = 1n << 256n;

/**
 * Sums the SHA-256 of each row. Their order does not count: a table without a key has a checksum as well, and no server has to
 * sort for it. A row that is there twice counts twice.
 */
export function createRowSummer(): RowSummer {
  let rows = 0;
  let total = 0n;
  return {
    add(values) {
      rows += 1;
      total = (total + BigInt(`0x${hash("sha256", JSON.stringify(values), "hex")}`)) % modulus;
    },
    get sum() {
      return { rows, checksum: total.toString(16).padStart(64, "0") };
    },
  };
}

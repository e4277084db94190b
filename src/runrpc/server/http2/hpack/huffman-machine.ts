// Huffman texts of HPACK (RFC 7541, 5.2 and appendix B) as a machine whose states are the inner nodes of the code's
// tree, and that takes four bits a step. No code is shorter than five bits, so a step gives at most one symbol.

/** The bits of each byte's code, in base 36. The code is canonical, so that its lengths say it all. */
const LENGTHS = [
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca",
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds",
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq",
].join("");

const EOS = 256;
const EOS_BITS = 30;
const STATES = 256;

/** The state from which there is no way on: what came is no code, or the end-of-string symbol. */
export const NO_STATE = 0xffff;

export interface HuffmanMachine {
  /** The next state, by `state * 16 + nibble`. */
  readonly next: Uint16Array;
  /** The symbol that the step gives, where `gives` is 1. */
  readonly symbols: Uint8Array;
  readonly gives: Uint8Array;
  /** 1 for the states in which a text may end: after up to seven bits of ones. */
  readonly ends: Uint8Array;
}

/** A node of the tree: each side is another node, or -1 - symbol for a leaf. */
type Node = [left: number | undefined, right: number | undefined];

export function createHuffmanMachine(): HuffmanMachine {
  const tree = buildTree();
  const next = new Uint16Array(STATES * 16);
  const symbols = new Uint8Array(STATES * 16);
  const gives = new Uint8Array(STATES * 16);
  for (let state = 0; state < tree.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      const place = state * 16 + nibble;
      const step = walk(tree, state, nibble);
      next[place] = step.state;
      if (step.symbol === undefined) continue;
      symbols[place] = step.symbol;
      gives[place] = 1;
    }
  }
  return { next, symbols, gives, ends: endsOf(tree) };
}

function buildTree(): readonly Node[] {
  const tree: Node[] = [[undefined, undefined]];
  let code = 0;
  let bitsBefore = 0;
  for (const [symbol, bits] of canonicalOrder()) {
    code <<= bits - bitsBefore;
    bitsBefore = bits;
    plant(tree, symbol, code, bits);
    code++;
  }
  return tree;
}

function canonicalOrder(): readonly (readonly [symbol: number, bits: number])[] {
  const symbols = Array.from(LENGTHS, (digit, symbol) => [symbol, Number.parseInt(digit, 36)] as const);
  symbols.sort(([a, aBits], [b, bBits]) => aBits - bBits || a - b);
  return [...symbols, [EOS, EOS_BITS]];
}

function plant(tree: Node[], symbol: number, code: number, bits: number): void {
  let node = nodeAt(tree, 0);
  for (let bit = bits - 1; bit > 0; bit--) {
    const side = (code >>> bit) & 1;
    let child = node[side];
    if (child === undefined) {
      child = tree.push([undefined, undefined]) - 1;
      node[side] = child;
    }
    node = nodeAt(tree, child);
  }
  node[code & 1] = -1 - symbol;
}

function walk(tree: readonly Node[], from: number, nibble: number): { state: number; symbol?: number } {
  let state = from;
  let symbol: number | undefined;
  for (let bit = 3; bit >= 0; bit--) {
    const child = nodeAt(tree, state)[(nibble >> bit) & 1] ?? 0;
    if (child === -1 - EOS) return { state: NO_STATE };
    if (child < 0) symbol = -1 - child;
    state = Math.max(0, child);
  }
  return symbol === undefined ? { state } : { state, symbol };
}

function endsOf(tree: readonly Node[]): Uint8Array {
  const ends = new Uint8Array(STATES);
  let state = 0;
  for (let ones = 0; ones <= 7; ones++) {
    ends[state] = 1;
    state = nodeAt(tree, state)[1] ?? 0;
  }
  return ends;
}

function nodeAt(tree: readonly Node[], index: number): Node {
  return tree[index] as Node; // every index comes from the tree itself
}

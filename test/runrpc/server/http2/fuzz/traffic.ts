import type { Random } from "../../lanes/differential/random.ts";
import { data, frame, GET, POST, request, reset, settings, TYPE, windowUpdate } from "../peer.ts";

/** What a client that keeps the rules has done so far. */
export interface State {
  nextId: number;
  /** Streams whose request is not over. */
  readonly open: number[];
  /** Streams whose request is over, or that were reset. */
  readonly closed: number[];
}

const BLOCK = request(1, POST).subarray(9);
/** With Huffman texts, entries that are kept and a change of the table's size. */
const RICH_BLOCK = Buffer.concat([
  Buffer.from("3fe11f828684418cf1e3c2e5f23a6ba0ab90f4ff", "hex"),
  Buffer.from("408825a849e95ba97d7f8925a849e95bb8e8b4bf", "hex"),
  Buffer.from("1001610162", "hex"),
]);

/** What is sent next, within the rules. Windows are left wide: what is sent stays far below them. */
export function validFrames(state: State, random: Random): Buffer {
  const id = state.open[random.below(state.open.length)];
  switch (random.below(id === undefined ? 9 : 14)) {
    case 0:
      return frame(TYPE.PING, 0, 0, Buffer.alloc(8, random.below(256)));
    case 1:
      return settings(
        ...random.pick([
          [],
          [[1, 100]],
          [[4, 70_000]],
          [[5, 20_000]],
          [[0xf0, 9]],
          [
            [1, 0],
            [1, 4_096],
          ],
        ] as const),
      );
    case 2:
      return windowUpdate(0, 1_000 + random.below(1_000));
    case 3:
      return frame(TYPE.PRIORITY, 0, 1 + 2 * random.below(500), Buffer.from([0, 0, 0, 0, 5]));
    case 4:
      return frame(
        0x20 + random.below(200),
        random.below(256),
        random.below(9),
        Buffer.alloc(random.below(50)),
      );
    case 5:
      return state.closed.length > 0
        ? windowUpdate(random.pick(state.closed), 1)
        : frame(TYPE.PING, 1, 0, Buffer.alloc(8));
    case 6:
    case 7:
    case 8:
      return openStream(state, random);
    case 9:
      return windowUpdate(id ?? 0, 1 + random.below(2_000));
    case 10:
      close(state, id ?? 0);
      return random.chance(0.5) ? reset(id ?? 0) : request(id ?? 0, [["x-trailer", "1"]]);
    case 11:
      return frame(TYPE.DATA, 8, id ?? 0, Buffer.from([2, 65, 66, 0, 0]));
    default: {
      const isEnd = random.chance(0.3);
      if (isEnd) close(state, id ?? 0);
      return data(id ?? 0, random.below(300), isEnd);
    }
  }
}

function openStream(state: State, random: Random): Buffer {
  const id = state.nextId;
  state.nextId += 2 + 2 * random.below(3);
  const isEnd = random.chance(0.5);
  (isEnd ? state.closed : state.open).push(id);
  const block = random.pick([BLOCK, RICH_BLOCK, request(1, GET).subarray(9)]);
  const end = isEnd ? 1 : 0;
  switch (random.below(4)) {
    case 0: {
      const cut = random.below(block.length + 1);
      const rest = block.subarray(cut);
      const middle = random.below(rest.length + 1);
      return Buffer.concat([
        frame(TYPE.HEADERS, end, id, block.subarray(0, cut)),
        frame(TYPE.CONTINUATION, 0, id, rest.subarray(0, middle)),
        frame(TYPE.CONTINUATION, 4, id, rest.subarray(middle)),
      ]);
    }
    case 1:
      return frame(TYPE.HEADERS, 0xc | end, id, Buffer.concat([Buffer.from([3]), block, Buffer.alloc(3)]));
    case 2:
      return frame(TYPE.HEADERS, 0x24 | end, id, Buffer.concat([Buffer.from([0x80, 0, 0, 0, 1]), block]));
    default:
      return frame(TYPE.HEADERS, 0x4 | end, id, block);
  }
}

function close(state: State, id: number): void {
  state.open.splice(state.open.indexOf(id), 1);
  state.closed.push(id);
}

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createCodecs } from "../../../src/runrpc/codec/codecs.ts";
import { isCollected } from "../../collect.ts";
import { codecs } from "./gen/codecs.ts";
import { AllSchema, InnerSchema } from "./gen/kinds/v1/all_pb.ts";
import { TwoSchema } from "./gen/kinds/v1/two_pb.ts";

const generated = createCodecs(codecs);
const plain = createCodecs([]);

for (const [title, find] of [
  ["the generated codec", generated],
  ["protobuf-es, where there is no codec", plain],
] as const) {
  describe(title, () => {
    const inner = find(InnerSchema);
    const all = find(AllSchema);

    it("leaves room in front of a message, and nothing behind it", () => {
      const init = { name: "n", n: 300, tags: ["a"] };
      const bytes = Buffer.from(toBinary(InnerSchema, create(InnerSchema, init)));
      for (const head of [0, 1, 5]) {
        const framed = inner.encode(init, head);
        assert.deepEqual(framed.subarray(head), bytes);
        assert.equal(framed.length, head + bytes.length);
      }
    });

    it("gives each message a buffer of its own", () => {
      const first = inner.encode({ name: "first" }, 0);
      const copy = Buffer.from(first);
      inner.encode({ name: "other" }, 0);
      assert.deepEqual(first, copy);
    });

    it("writes a large message whole, and the next one after it", () => {
      for (const length of [65_530, 65_531, 65_532, 65_535, 65_536, 65_537, 200_000, 3_000_000]) {
        const init = {
          by: new Uint8Array(length).fill(7),
          ascii: "behind",
          inner: { name: "ü".repeat(length) },
        };
        const expected = Buffer.from(toBinary(AllSchema, create(AllSchema, init)));
        const bytes = all.encode(init, 5).subarray(5);
        assert.deepEqual(inner.encode({ n: 1 }, 5).subarray(5), Buffer.from([0x10, 1]));
        assert.ok(expected.equals(bytes), `${length}`);
      }
    });

    it("writes what follows text and bytes that end where the buffer does", () => {
      for (let length = 65_380; length < 65_540; length++) {
        const inits: readonly Record<string, unknown>[] = [
          { by: new Uint8Array(length), color: 200 },
          { uni: "u".repeat(length), color: 200 },
        ];
        for (const init of inits) {
          const expected = Buffer.from(toBinary(AllSchema, create(AllSchema, init)));
          assert.ok(expected.equals(all.encode(init, 5).subarray(5)), `${Object.keys(init)[0]} of ${length}`);
        }
      }
    });

    it("keeps a buffer that is not much larger than its message", () => {
      const text = inner.encode({ name: "a".repeat(200_000) }, 5); // room is made for three bytes a character
      assert.ok(text.buffer.byteLength <= 2 * text.length, `${text.buffer.byteLength}`);
      const small = inner.encode({ name: "a" }, 5);
      assert.ok(small.buffer.byteLength <= 65_536);
    });

    it("gives fields of bytes as plain arrays, also when it reads a Buffer, and reads a plain array", () => {
      const bytes = toBinary(
        AllSchema,
        create(AllSchema, { by: Uint8Array.of(1, 2), rby: [Uint8Array.of(3)] }),
      );
      for (const source of [bytes, Buffer.from(bytes)]) {
        const message = all.decode(source);
        assert.deepStrictEqual(message, fromBinary(AllSchema, bytes));
        assert.equal(
          Object.getPrototypeOf((message as { by: unknown } & typeof message).by),
          Uint8Array.prototype,
        );
      }
    });

    it("says what protobuf-es says of what is no message, and of what cannot be written", () => {
      const unreadable = Buffer.from([0x0a, 5, 65]);
      assert.throws(
        () => inner.decode(unreadable),
        reasonOf(() => fromBinary(InnerSchema, unreadable)),
      );
      for (const wrong of [
        { n: "x" },
        { n: 1.5 },
        { name: Symbol("s") },
        { child: 7 },
        { tags: 5 },
        { child: { n: {} } },
      ]) {
        const write = () => plain(InnerSchema).encode(wrong, 0);
        try {
          const expected = write();
          assert.deepEqual(inner.encode(wrong, 0), Buffer.from(expected));
        } catch {
          assert.throws(() => inner.encode(wrong, 0), reasonOf(write));
        }
      }
    });

    it("writes a message within a getter of another one, and both are whole", () => {
      let within: Buffer | undefined;
      const init = {
        name: "outer",
        get n() {
          within = inner.encode({ name: "within" }, 0);
          return 7;
        },
      };
      assert.deepEqual(inner.encode(init, 0), Buffer.from([0x0a, 5, ...Buffer.from("outer"), 0x10, 7]));
      assert.deepEqual(within, Buffer.from([0x0a, 6, ...Buffer.from("within")]));
    });

    it("sends no memory that it has not written, whatever a list does while it is written", () => {
      const growing = () => {
        const list = [1];
        const grow = () => {
          if (list.length === 1) list.push(...Array<number>(100_000).fill(1));
          return 1;
        };
        return Object.defineProperty(list, 0, { get: grow, enumerable: true });
      };
      const { ri32 } = fromBinary(AllSchema, Uint8Array.from(all.encode({ ri32: growing() }, 0)));
      const two = find(TwoSchema).encode({ id: "i", unpacked: growing() }, 0);
      const { unpacked } = fromBinary(TwoSchema, Uint8Array.from(two));
      for (const list of [ri32, unpacked]) assert.ok(list.length > 1 && list.every((value) => value === 1));
    });

    it("holds no bytes that it has read, whether or not they were a message", async () => {
      const readable = () => Buffer.from(toBinary(InnerSchema, create(InnerSchema, { name: "n" })));
      const good = (bytes = readable()) => {
        inner.decode(bytes);
        return new WeakRef(bytes);
      };
      const bad = (bytes = Buffer.concat([readable(), Buffer.from([7])])) => {
        assert.throws(() => inner.decode(bytes));
        return new WeakRef(bytes);
      };
      assert.ok(await isCollected(good()));
      assert.ok(await isCollected(bad()));
    });

    it("goes on after a message that could not be written", () => {
      const failing = {
        name: "x".repeat(100_000),
        get n(): number {
          throw new Error("no number");
        },
      };
      assert.throws(() => inner.encode(failing, 0), { message: "no number" });
      assert.deepEqual(inner.encode({ n: 1 }, 0), Buffer.from([0x10, 1]));
    });
  });
}

function reasonOf(run: () => unknown): { readonly name: string; readonly message: string } {
  try {
    run();
  } catch (reason) {
    if (reason instanceof Error) return { name: reason.name, message: reason.message };
  }
  throw new Error("protobuf-es takes it");
}

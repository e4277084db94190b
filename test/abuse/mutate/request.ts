import { createRandom, type Random } from "../../runrpc/server/lanes/differential/random.ts";
import { envelope } from "../../wire/envelope.ts";
import type { Post } from "../post.ts";
import { goodRequests } from "../requests.ts";
import { canCarry, contentTypeOf, encode, isEnveloped, type Wire, wires } from "../wires.ts";
import { ENVELOPE_MUTATIONS, PACKINGS } from "./framing.ts";
import { METHODS, mutateHeaders, mutatePath } from "./heads.ts";
import { JSON_MUTATIONS } from "./json.ts";
import { PROTOBUF_MUTATIONS } from "./protobuf.ts";

/** A good request that was made worse in one way or several. */
export interface Mutant {
  readonly post: Post & { readonly body: Buffer };
  readonly wire: Wire;
  /** Where it was changed, for the message of a fault. */
  readonly about: string;
}

/** The mutant of a seed: the same each time. */
export function mutantOf(seed: number, key: string): Mutant {
  const random = createRandom(seed);
  const { method, json } = random.pick(goodRequests);
  const wire = random.pick(wires.filter((each) => canCarry(each, method)));
  const changes: string[] = [];
  const changed = <T>(name: string, probability: number, good: T, change: () => T): T => {
    if (!random.chance(probability)) return good;
    changes.push(name);
    return change();
  };

  const good = encode(wire, method, json);
  const message = changed("message", 0.6, good, () => mutated(good, wire, random));
  const plain = { bytes: message, encoding: undefined, flags: 0 };
  const packed = changed("compression", 0.2, plain, () => random.pick(PACKINGS)(message, random));
  const framed = isEnveloped(wire, method) ? envelope(packed.bytes, packed.flags) : packed.bytes;
  const body = changed("envelope", isEnveloped(wire, method) ? 0.25 : 0, framed, () =>
    random.pick(ENVELOPE_MUTATIONS)(framed, random),
  );
  const encodingHeader = {
    connect: method.methodKind === "unary" ? "content-encoding" : "connect-content-encoding",
    grpc: "grpc-encoding",
    "grpc-web": "grpc-encoding",
  }[wire.protocol];
  const headers = {
    "content-type": contentTypeOf(wire, method),
    ...(wire.protocol === "grpc" ? { te: "trailers" } : {}),
    ...(packed.encoding === undefined ? {} : { [encodingHeader]: packed.encoding }),
    "x-api-key": key,
  };
  const path = `/${method.parent.typeName}/${method.name}`;
  return {
    post: {
      path: changed("path", 0.04, path, () => mutatePath(path, random)),
      method: changed("verb", 0.02, "POST", () => random.pick(METHODS)),
      headers: changed("head", 0.25, headers, () => mutateHeaders(headers, random) as typeof headers), // as it was, or near it
      body,
    },
    wire,
    about: `${method.name}, ${wire.title}: ${changes.join(", ") || "as it was"}`,
  };
}

function mutated(good: Buffer, { format }: Wire, random: Random): Buffer {
  const mutations = format === "json" ? JSON_MUTATIONS : PROTOBUF_MUTATIONS;
  let bytes = good;
  for (let count = 1 + random.below(2); count > 0; count--) bytes = random.pick(mutations)(bytes, random);
  return bytes;
}

import { create, type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { checkInitializer, isInitializer, nameOf } from "./initializer.ts";

/** Makes a message of what a handler gave. @throws TypeError for what is neither a message of the type nor an initialiser. */
export type Whole = (value: unknown) => Message;

/**
 * A message of `desc` as it is, or one made of an initialiser. protobuf-es makes an empty message of anything, so that a
 * handler which forgot its `return` would answer OK.
 *
 * @param isStrict an initialiser with a field that the message does not have is refused as well, at any depth.
 */
export function createWhole(desc: DescMessage, isStrict: boolean): Whole {
  return (value) => {
    if (isMessage(value, desc)) return value;
    if (!isInitializer(value))
      throw new TypeError(`a handler gave ${nameOf(value)}, which is no ${desc.typeName}`);
    if (isStrict) checkInitializer(desc, value);
    return create(desc, value as Record<string, unknown>);
  };
}

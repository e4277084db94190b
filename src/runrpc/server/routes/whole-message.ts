import { create, type DescMessage, isMessage, type Message } from "@bufbuild/protobuf";
import { checkInitializer, isInitializer, nameOf } from "./initializer.ts";

/** Makes a message of what a handler gave. @throws TypeError for what is neither a message of the type nor an initialiser. */
export type Whole = (value: unknown) => Message;

/** Lets a message of the type or an initialiser of it pass, untouched. @throws TypeError for anything else. */
export type Admit = (value: unknown) => object;

/**
 * Looks at what a handler gave. protobuf-es makes an empty message of anything, so that a handler which forgot its `return`
 * would answer OK.
 *
 * @param isStrict an initialiser with a field that the message does not have is refused as well, at any depth.
 */
export function createAdmission(desc: DescMessage, isStrict: boolean): Admit {
  return (value) => {
    if (isMessage(value, desc)) return value;
    if (!isInitializer(value))
      throw new TypeError(`a handler gave ${nameOf(value)}, which is no ${desc.typeName}`);
    if (isStrict) checkInitializer(desc, value);
    return value;
  };
}

/** A message of `desc` as it is, or one made of an initialiser. */
export function createWhole(desc: DescMessage, admit: Admit): Whole {
  return (value) => {
    const admitted = admit(value);
    return isMessage(admitted, desc) ? admitted : create(desc, admitted as Record<string, unknown>);
  };
}

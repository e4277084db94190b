import { freshId, h } from "../dom.ts";
import { confirmed } from "../view/confirm.ts";
import { type Key, ownerOf } from "./key-list.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const GRACES: readonly (readonly [ms: number, text: string])[] = [
  [0, "not at all"],
  [10 * MINUTE_MS, "10 minutes"],
  [HOUR_MS, "an hour"],
  [DAY_MS, "a day"],
  [7 * DAY_MS, "a week"],
];

/** Asks for how long a key that is replaced is to go on working, in milliseconds. Undefined: it is not to be replaced. */
export async function askGrace(key: Key): Promise<number | undefined> {
  const id = freshId();
  const choice = h("select", { id }, ...GRACES.map(([ms, text]) => h("option", { value: ms }, text)));
  const field = h(
    "div",
    { class: "field" },
    h("label", { for: id }, "The old one goes on working for"),
    choice,
  );
  const question = `Replace ${key.keyId} of ${ownerOf(key)} by a new key with the same scopes?`;
  return (await confirmed(question, "Replace it", field)) ? Number(choice.value) : undefined;
}

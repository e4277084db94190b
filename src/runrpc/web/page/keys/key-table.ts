import { button, h } from "../dom.ts";
import { cellsRow, createRows, tableOf } from "../table/rows.ts";
import { type Key, ownerOf, stateOf } from "./key-list.ts";

const HEADING = ["Key", "Owner", "Name", "Scopes", "State", "Made", "Expires", "Last used", "Uses", ""];

/** All keys, each that works with a button that revokes it. */
export function createKeyTable(revoke: (key: Key) => void): {
  readonly element: HTMLElement;
  update(keys: readonly Key[]): void;
} {
  const rows = createRows<Key>(
    ({ keyId }) => keyId,
    (first) => {
      const end = button("Revoke", () => revoke(first), {
        class: "danger",
        "aria-label": `Revoke ${first.keyId}`,
      });
      const row = cellsRow(cellsOf, end);
      return {
        element: row.element,
        update(key) {
          row.update(key);
          end.hidden = stateOf(key, Date.now()) !== "works";
        },
      };
    },
  );
  const none = h("p", { class: "dim", hidden: true }, "There is no key.");
  return {
    element: h(
      "section",
      { class: "pane" },
      h("h2", {}, "Keys"),
      tableOf("Keys", HEADING, rows.element),
      none,
    ),
    update(keys) {
      rows.update(keys);
      none.hidden = keys.length > 0;
    },
  };
}

function cellsOf(key: Key): readonly string[] {
  const { keyId, name = "", scopes = [], createTime, expireTime, lastUseTime, useCount = "0" } = key;
  return [
    keyId,
    ownerOf(key),
    name,
    scopes.join(" ") || "none",
    `${stateOf(key, Date.now())}${key.loopbackOnly === true ? ", on this machine" : ""}`,
    timeText(createTime, "", DAY),
    timeText(expireTime, "never", DAY),
    timeText(lastUseTime, "never", MINUTE),
    useCount,
  ];
}

function timeText(time: string | undefined, otherwise: string, format: Intl.DateTimeFormatOptions): string {
  return time === undefined ? otherwise : new Date(time).toLocaleString(undefined, format);
}

const DAY: Intl.DateTimeFormatOptions = { dateStyle: "medium" };
const MINUTE: Intl.DateTimeFormatOptions = { ...DAY, timeStyle: "short" };

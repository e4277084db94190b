import { button, h } from "../dom.ts";
import { cellsRow, createRows, tableOf } from "../table/rows.ts";
import { type Key, ownerOf, stateOf } from "./key-list.ts";

const HEADING = ["Key", "Owner", "Name", "Scopes", "State", "Made", "Expires", "Last used", "Uses", ""];

/** All keys, each that works with buttons that replace and revoke it. */
export function createKeyTable(acts: {
  readonly rotate: (key: Key) => void;
  readonly revoke: (key: Key) => void;
}): {
  readonly element: HTMLElement;
  update(keys: readonly Key[]): void;
} {
  const rows = createRows<Key>(
    ({ keyId }) => keyId,
    (first) => {
      const rotate = button("Rotate", () => acts.rotate(first), { "aria-label": `Rotate ${first.keyId}` });
      const revoke = button("Revoke", () => acts.revoke(first), {
        class: "danger",
        "aria-label": `Revoke ${first.keyId}`,
      });
      const buttons = h("div", { class: "acts" }, rotate, revoke);
      const row = cellsRow(cellsOf, buttons);
      return {
        element: row.element,
        update(key) {
          row.update(key);
          buttons.hidden = stateOf(key, Date.now()) !== "works";
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
  const {
    keyId,
    name = "",
    scopes = [],
    createTime,
    expireTime,
    lastUseTime,
    useCount = "0",
    fault = "",
  } = key;
  const now = Date.now();
  const isSoon = Math.abs(Date.parse(expireTime ?? "") - now) < SOON_MS;
  return [
    keyId,
    ownerOf(key),
    name,
    scopes.join(" ") || "none",
    fault === ""
      ? `${stateOf(key, now)}${key.loopbackOnly === true ? ", on this machine" : ""}`
      : `cannot be read: ${fault}`,
    timeText(createTime, "", DAY),
    timeText(expireTime, "never", isSoon ? MINUTE : DAY),
    timeText(lastUseTime, "never", isOfThisYear(lastUseTime) ? MINUTE : DAY),
    useCount,
  ];
}

function timeText(time: string | undefined, otherwise: string, format: Intl.DateTimeFormatOptions): string {
  return time === undefined ? otherwise : new Date(time).toLocaleString(undefined, format);
}

/** The hour of an end matters when it is near, in milliseconds. */
const SOON_MS = 2 * 86_400_000;

const DAY: Intl.DateTimeFormatOptions = { dateStyle: "medium" };
const MINUTE: Intl.DateTimeFormatOptions = {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
};

function isOfThisYear(time: string | undefined): boolean {
  return new Date(time ?? 0).getFullYear() === new Date().getFullYear();
}

import { h } from "../dom.ts";

/** What is said where the server has no monitor. */
export function monitorOff(): readonly (Node | string)[] {
  return [
    "The monitor of this server is off. Start it with ",
    h("code", {}, "--monitor"),
    " (",
    h("code", {}, "monitor.enabled"),
    "), which is the default everywhere but in production.",
  ];
}

import { CallFailure } from "../connect/ask.ts";
import { h } from "../dom.ts";

/** Shows why the monitor did not answer, in the words of an error or in `text`. Where it is off, how it is turned on. */
export function showRefusal(
  state: HTMLElement,
  error: unknown,
  onFailure: () => void,
  text: string = error instanceof Error ? error.message : String(error),
): void {
  const code = error instanceof CallFailure ? error.error.code : "";
  if (code === "unimplemented") state.replaceChildren(...monitorOff());
  else state.textContent = text;
  onFailure();
}

function monitorOff(): readonly (Node | string)[] {
  return [
    "The monitor of this server is off. Start it with ",
    h("code", {}, "--monitor"),
    " (",
    h("code", {}, "monitor.enabled"),
    "), which is the default everywhere but in production.",
  ];
}

/** Copies a text, and says so on the button that was pressed. */
export async function copyText(text: string, { target }: Event): Promise<void> {
  const pressed = target instanceof HTMLElement ? target : undefined;
  const said = pressed?.textContent ?? "";
  const hasCopied = await write(text);
  if (pressed === undefined) return;
  pressed.textContent = hasCopied ? "Copied" : "Not allowed here";
  setTimeout(() => {
    pressed.textContent = said;
  }, 1_200);
}

/** Browsers have no clipboard for pages that came in cleartext from another machine. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

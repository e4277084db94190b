/** One thing that the README tells its reader to do. */
export type Step =
  | {
      readonly kind: "run";
      readonly script: string;
      readonly prints: readonly string[];
      readonly restart: boolean;
    }
  | {
      readonly kind: "edit";
      readonly file: string;
      readonly text: string;
      /** Where; undefined at the end. */
      readonly anchor: { readonly place: "before" | "after"; readonly text: string } | undefined;
    };

/**
 * The code blocks of "The first five minutes". A comment before a block says where its text belongs
 * (`insert: FILE before|after: LINE`, `append: FILE`) or that the server starts anew (`restart`); one after a block
 * says what its output holds (`prints: TEXT`). A person who reads the page does not see them.
 */
export function parseReadme(markdown: string): readonly Step[] {
  const section = /## The first five minutes\n([\s\S]*?)\n## /.exec(markdown)?.[1] ?? "";
  const block =
    /((?:<!-- (?:insert|append|restart).*-->\n)?)```(\w+)\n([\s\S]*?)```\n((?:<!-- prints: .* -->\n)*)/g;
  return [...section.matchAll(block)].map(([, order = "", language, text = "", prints = ""]) => {
    if (language === "sh") {
      const expected = [...prints.matchAll(/prints: (.*) -->/g)].map(([, found = ""]) => found);
      return { kind: "run", script: text, prints: expected, restart: order.includes("restart") };
    }
    const place = /<!-- (?:insert|append): (\S+)(?: (before|after): (.*))? -->/.exec(order);
    if (place === null) throw new Error(`a ${language} block of the README does not say where it belongs`);
    const [, file = "", where, anchor = ""] = place;
    const side = where === "before" ? "before" : "after";
    return {
      kind: "edit",
      file,
      text,
      anchor: where === undefined ? undefined : { place: side, text: anchor },
    };
  });
}

/** One thing that a page tells its reader to do. */
export type Step =
  | {
      readonly kind: "run";
      readonly script: string;
      readonly prints: readonly string[];
      readonly restart: boolean;
      /** A program without which the step is passed over. */
      readonly needs: string | undefined;
    }
  | { readonly kind: "write"; readonly file: string; readonly text: string }
  | {
      readonly kind: "edit";
      readonly file: string;
      readonly text: string;
      /** Where; undefined at the end. */
      readonly anchor: { readonly place: "before" | "after" | "over"; readonly text: string } | undefined;
    };

/** The part of the README that is done step by step: every block of it is a step. */
export function stepsOfReadme(markdown: string): readonly Step[] {
  const section = /## The first five minutes\n([\s\S]*?)\n## /.exec(markdown)?.[1] ?? "";
  return blocksOf(section).map((block) => {
    const step = stepFrom(block);
    if (step === undefined)
      throw new Error(`a ${block.language} block of the README does not say where it belongs`);
    return step;
  });
}

/** The blocks of a page of `docs` that are steps: those with an order in a comment before them. */
export function stepsOfPage(markdown: string): readonly Step[] {
  return blocksOf(markdown)
    .filter(({ order }) => order !== "")
    .map((block) => {
      const step = stepFrom(block);
      if (step === undefined) throw new Error(`${block.order} is no order to a reader`);
      return step;
    });
}

interface Block {
  readonly order: string;
  readonly language: string;
  readonly text: string;
  readonly prints: readonly string[];
}

function blocksOf(markdown: string): readonly Block[] {
  const block =
    /((?:<!-- (?:run|file|insert|append|restart).*-->\n)?)```(\w+)\n([\s\S]*?)```\n((?:<!-- prints: .* -->\n)*)/g;
  return [...markdown.matchAll(block)].map(([, order = "", language = "", text = "", prints = ""]) => ({
    order: order.trim(),
    language,
    text,
    prints: [...prints.matchAll(/prints: (.*) -->/g)].map(([, found = ""]) => found),
  }));
}

/**
 * A comment before a block says that it is run (`run`, `run if: PROGRAM`, which a block of the README need not say), that the
 * server starts anew for it (`restart`), or where its text belongs (`file: FILE`, `insert: FILE before|after|over: LINE`,
 * `append: FILE`); one after a block says what its output holds (`prints: TEXT`). A person who reads the page does not see them.
 */
function stepFrom({ order, language, text, prints }: Block): Step | undefined {
  const [, verb = "", file = "", place, line = ""] =
    /^<!-- (\w+)(?:: (\S+))?(?: (before|after|over): (.*))? -->$/.exec(order.replace("run if:", "run:")) ??
    [];
  switch (verb) {
    case "run":
    case "restart":
      return runStep(text, prints, verb === "restart", file === "" ? undefined : file);
    case "file":
      return { kind: "write", file, text };
    case "insert":
    case "append":
      if (place !== "before" && place !== "after" && place !== "over")
        return { kind: "edit", file, text, anchor: undefined };
      return { kind: "edit", file, text, anchor: { place, text: line } };
    default:
      return language === "sh" ? runStep(text, prints, false, undefined) : undefined;
  }
}

function runStep(
  script: string,
  prints: readonly string[],
  restart: boolean,
  needs: string | undefined,
): Step {
  return { kind: "run", script, prints, restart, needs };
}

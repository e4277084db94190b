import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Browser } from "./chromium.ts";

/** The page of a server in a tab, signed in. */
export interface ServedPage {
  readonly page: Page;
  /** Leads to a place in it, such as `dashboard` or `/rig.users.v1.UserService/GetUser`. */
  open(place: string): Promise<void>;
  /** Fails where the console has complained since the last time, or a request went to another origin. */
  check(): void;
  close(): Promise<void>;
}

/** Opens the page by the link that its server prints, which works once. */
export async function openServedPage(browser: Browser, link: string): Promise<ServedPage> {
  const page = await browser.newPage();
  const { origin } = new URL(link);
  const origins = new Set<string>();
  let complaints: string[] = [];
  page.setDefaultTimeout(60_000);
  await page.setViewportSize({ width: 1440, height: 1000 });
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await page.goto(link);
  await page.getByRole("navigation", { name: "Views" }).waitFor();
  return {
    page,
    async open(place) {
      await page.goto(`${origin}/_/#${place}`);
    },
    check() {
      // Of HTTP's own errors the console always tells.
      const others = complaints.filter((text) => !text.startsWith("Failed to load resource: the server"));
      complaints = [];
      assert.deepEqual([others, [...origins]], [[], [origin]]);
    },
    close: () => page.close(),
  };
}

/** What axe-core has against a page, each by its rule and where. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  const file = join(import.meta.dirname, "../../../node_modules/axe-core/axe.min.js");
  // Evaluated by the debugger, which no content security policy stops.
  const found = await page.evaluate(
    `${await readFile(file, "utf8")}; axe.run(document).then(({ violations }) => violations)`,
  );
  const violations = found as readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** By how many pixels what is in the page is wider than its place, but where it scrolls for that. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>(
    "Math.max(...[document.documentElement, ...document.querySelectorAll('main, .pane, .response, .chart')].map((one) => one.scrollWidth - one.clientWidth))",
  );
}

/** Looks at a page in both colours and two widths. PAGE_PICTURES names a folder for pictures of it. */
export async function lookOver(page: Page, name: string): Promise<void> {
  const { PAGE_PICTURES } = process.env;
  for (const colorScheme of ["light", "dark"] as const)
    for (const width of [1440, 420]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      const view = `${name}-${colorScheme}-${width}`;
      if (PAGE_PICTURES !== undefined) await page.screenshot({ path: join(PAGE_PICTURES, `${view}.png`) });
      assert.deepEqual(await axeFindings(page), [], view);
      const overflow = await overflowOf(page);
      assert.ok(overflow <= 0, `${view}: ${overflow} pixels too wide`);
    }
  await page.setViewportSize({ width: 1440, height: 1000 });
}

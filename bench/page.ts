// How soon the page shows: `node --conditions=runrpc-source bench/page.ts`, `--rounds 9` for more of them. Each round is a Chromium
// with an empty profile, which opens the page as its first one and then once more.
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { findChromium, startBrowser } from "../test/wire/browser/chromium.ts";
import { type Finding, printFindings, withServer } from "./finding.ts";
import type { Peer } from "./peers/start.ts";
import { median } from "./results.ts";

/** Where the page keeps its key, as src/runrpc/web/page/session.ts names it. */
const KEY_NAME = "runrpc.key";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
const rounds = Number(values.rounds);
const { path, skip } = findChromium();
if (skip !== false) throw new Error(skip);

printFindings("the page", await withServer("app.ts", ["<folder>"], measurePage));

async function measurePage(peer: Peer): Promise<readonly Finding[]> {
  const first: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const browser = await startBrowser(path);
    try {
      first.push(await paintOf(await browser.newPage(), peer));
      again.push(await paintOf(await browser.newPage(), peer));
    } finally {
      await browser.close();
    }
  }
  return [
    { what: "first contentful paint", value: median(first), unit: "ms", most: 500 },
    { what: "the same, when the browser has its files", value: median(again), unit: "ms", most: 500 },
  ];
}

/** From the start of the navigation to the first text or picture, in milliseconds, signed in. */
async function paintOf(page: Page, { port, key }: Peer): Promise<number> {
  await page.addInitScript(`sessionStorage.setItem(${JSON.stringify(KEY_NAME)}, ${JSON.stringify(key)})`);
  await page.goto(`http://127.0.0.1:${port}/_/`);
  await page.getByRole("heading").first().waitFor();
  const ms = await page.evaluate<number | undefined>(
    `performance.getEntriesByName("first-contentful-paint")[0]?.startTime`,
  );
  await page.close();
  if (ms === undefined) throw new Error("the page was not painted");
  return ms;
}

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import type { Tool } from "../tools.ts";
import type { Call, Outcome, PageGlobals } from "./page.ts";

/** The Chromium that TEST_CHROMIUM names, else the first one on the PATH. */
export function findChromium(): Tool {
  const { TEST_CHROMIUM, PATH = "" } = process.env;
  const candidates = TEST_CHROMIUM
    ? [TEST_CHROMIUM]
    : PATH.split(delimiter).map((folder) => join(folder, "chromium"));
  const path = candidates.find((candidate) => existsSync(candidate));
  return path === undefined
    ? { path: "", skip: `there is no ${TEST_CHROMIUM ?? "chromium on the PATH"}: run .ci/tools` }
    : { path, skip: false };
}

/** A headless browser with an empty profile. */
export interface Browser {
  /** Opens the page that a site serves. */
  open(origin: string): Promise<CallingPage>;
  /** An empty page. */
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** A page that makes calls. */
export interface CallingPage {
  /** Makes a call from the page. */
  call(call: Call): Promise<Outcome>;
  /** Takes what the console said as warnings and errors since the last time, and what no handler caught. */
  takeComplaints(): readonly string[];
  /** Takes the HTTP methods of what the page fetched since the last time, preflights apart. */
  takeHttpMethods(): readonly string[];
  close(): Promise<void>;
}

/**
 * Starts a Chromium that takes any certificate, and does nothing in the background.
 *
 * @param ownHost a stranger's name that leads to this machine, as a name server of his would have it
 */
export async function startBrowser(executablePath: string, ownHost?: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), "runrpc-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    // Root, as which CI runs, has no sandbox.
    chromiumSandbox: false,
    ignoreHTTPSErrors: true,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      ...(ownHost === undefined ? [] : [`--host-resolver-rules=MAP ${ownHost} 127.0.0.1`]),
    ],
  });
  return {
    open: (origin) => openPage(context, origin),
    newPage: () => context.newPage(),
    async close() {
      await context.close();
      await rm(profile, { recursive: true });
    },
  };
}

async function openPage(context: BrowserContext, origin: string): Promise<CallingPage> {
  const page: Page = await context.newPage();
  let complaints: string[] = [];
  let httpMethods: string[] = [];
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(origin);
  page.on("request", (request) => httpMethods.push(request.method()));
  return {
    call: (call) =>
      // As text, because playwright's types do not end on JSON. It runs in the page, whose globals are those of page.ts.
      page.evaluate(
        (text) => (globalThis as unknown as PageGlobals).call(JSON.parse(text) as Call),
        JSON.stringify(call),
      ),
    takeComplaints() {
      const taken = complaints;
      complaints = [];
      return taken;
    },
    takeHttpMethods() {
      const taken = httpMethods;
      httpMethods = [];
      return taken;
    },
    close: () => page.close(),
  };
}

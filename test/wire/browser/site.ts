import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";

/** A web server of its own origin. */
export interface Site {
  /** Such as `http://127.0.0.1:41233`. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves a page that holds a script. */
export async function startSite(script: string): Promise<Site> {
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    // An empty icon, or the browser asks for one and complains that there is none.
    const icon = '<link rel="icon" href="data:,">';
    response.end(isScript ? script : `<!doctype html>${icon}<script type="module" src="/page.js"></script>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The script of the page: page.ts with all that it imports. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "silent",
  });
  return outputFiles.map(({ text }) => text).join("");
}

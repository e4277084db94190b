// connect-web in a real browser, from a page of another origin: what CORS lets through is told by what the page can
// read. Browsers send a request body whole, so there are no client and no bidi streams here.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeCertificates } from "../runrpc/server/listener/certificates.ts";
import { type RequestLogRow, startTestApp, type TestApp } from "./app.ts";
import { type Browser, type CallingPage, findChromium, startBrowser } from "./browser/chromium.ts";
import type { Call, Outcome } from "./browser/page.ts";
import { bundlePage, type Site, startSite } from "./browser/site.ts";

const developer = { id: "00000000-0000-4000-8000-000000000001" };
const nobody = { id: "00000000-0000-4000-8000-000000000002" };
const wrongKey = { "x-api-key": `rr_${"0".repeat(8)}_${"0".repeat(43)}` };
const timeoutMs = 300;

/** What each lane speaks, and who speaks HTTP/2. */
const SPOKEN = {
  stock: [
    ["1.1", "node"],
    ["2.0", "node"],
  ],
  auto: [
    ["1.1", "own"],
    ["2.0", "own"],
    ["2.0", "node"],
  ],
} as const;

/** What the request log is to say of a call. */
type Row = Pick<
  RequestLogRow,
  "requestId" | "method" | "protocol" | "httpVersion" | "code" | "messagesOut" | "cancelledBy"
>;

/** What a test says of a call; the rest is the same for all. */
type Wanted = Partial<Call> & Pick<Call, "method" | "request">;

const { path, skip } = findChromium();
const certificates = skip === false ? makeCertificates() : undefined;

describe("connect-web in Chromium", { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  let allowed: Site;
  let strange: Site;
  before(async () => {
    const script = await bundlePage();
    [allowed, strange] = [await startSite(script), await startSite(script)];
    browser = await startBrowser(path);
  });
  after(async () => {
    await browser?.close();
    await allowed?.close();
    await strange?.close();
    certificates?.remove();
  });

  for (const lane of ["stock", "auto"] as const)
    for (const [httpVersion, http2] of SPOKEN[lane]) {
      const overTls = { skip: httpVersion === "2.0" && certificates === undefined };
      const spoken = httpVersion === "1.1" ? "HTTP/1.1" : `HTTP/2 by ${http2}`;
      describe(`${spoken}, lane ${lane}`, overTls, () => {
        /** What the request log must hold in the end, and nothing else. */
        const rows: Row[] = [];
        /** The types of the caller's events. */
        const events: string[] = [];
        const users = ["Developer", "Ann", "Bob", "Cy"];
        let app: TestApp;
        let page: CallingPage;
        let stranger: CallingPage;
        before(async () => {
          // A browser speaks HTTP/2 over TLS alone.
          const { keyFile = "", certFile = "" } = (httpVersion === "2.0" && certificates) || {};
          const tls = keyFile === "" ? {} : { "tls.key_file": keyFile, "tls.cert_file": certFile };
          const flags = { "server.lane": lane, "server.http2": http2, "cors.origins": [allowed.origin] };
          app = await startTestApp({ ...flags, ...tls });
          page = await browser.open(allowed.origin);
          stranger = await browser.open(strange.origin);
          for (const displayName of users.slice(1)) {
            const request = { email: `${displayName}@example.com`, displayName };
            await call({ method: "createUser", request }, { messagesOut: 1 });
          }
          await call(published("setup"), { messagesOut: 1 });
        });
        after(async () => {
          await page?.close();
          await stranger?.close();
          await app?.close();
        });

        /** The whole of the call that a test wants, with an id that finds its row. */
        function callOf(wanted: Wanted): Call {
          const { protocol = "connect", format = "binary", method } = wanted;
          const id = `${rows.length}/${method}/${protocol}/${format}`;
          const headers = { "x-api-key": app.key, "x-request-id": id, ...wanted.headers };
          return { ...wanted, url: app.url, protocol, format, headers };
        }

        function expectRow(made: Call, ended: Partial<Row>): void {
          rows.push({
            requestId: made.headers["x-request-id"] ?? "made by the server",
            method: made.method.replace(/^./, (first) => first.toUpperCase()),
            protocol: made.protocol,
            httpVersion,
            code: "ok",
            messagesOut: 0,
            cancelledBy: null,
            ...ended,
          });
        }

        /** Makes a call from the page that may; by the log it ends so, and the console complains of that alone. */
        async function call(
          wanted: Wanted,
          ended: Partial<Row>,
          complaints: readonly string[] = [],
        ): Promise<Pick<Outcome, "messages" | "error">> {
          const made = callOf(wanted);
          expectRow(made, ended);
          const { requestId, ...outcome } = await page.call(made);
          assert.equal(requestId, made.headers["x-request-id"]);
          assert.deepEqual(page.takeComplaints().map(kindOf), complaints);
          return outcome;
        }

        function published(type: string): Wanted {
          events.push(type);
          return { method: "publishEvent", request: { type } };
        }

        for (const protocol of ["connect", "grpc-web"] as const)
          for (const format of ["binary", "json"] as const) {
            const as = { protocol, format };
            const title = `${protocol}, ${format}`;
            // The console tells of the HTTP status of an error; gRPC-Web's is 200 whatever comes of a call.
            const status = (code: string) => (protocol === "connect" ? [code] : []);

            it(`${title}: a unary call is answered`, async () => {
              const outcome = await call(
                { ...as, method: "getUser", request: developer },
                { messagesOut: 1 },
              );
              assert.deepEqual(usersOf(outcome), ["Developer"]);
            });

            it(`${title}: a user that is not there is not_found`, async () => {
              const wanted = { ...as, method: "getUser", request: nobody } as const;
              const outcome = await call(wanted, { code: "not_found" }, status("404"));
              assert.deepEqual(outcome, { messages: [], error: { code: "NotFound", violations: [] } });
            });

            it(`${title}: a request that breaks a rule is invalid_argument, and the page reads which`, async () => {
              const wanted = { ...as, method: "getUser", request: { id: "x" } } as const;
              const outcome = await call(wanted, { code: "invalid_argument" }, status("400"));
              const error = { code: "InvalidArgument", violations: ["id"] };
              assert.deepEqual(outcome, { messages: [], error });
            });

            it(`${title}: a wrong key is unauthenticated, for a unary call and for a stream`, async () => {
              const error = { code: "Unauthenticated", violations: [] };
              const ended = { code: "unauthenticated" };
              const unary = { ...as, method: "getUser", request: developer, headers: wrongKey } as const;
              assert.deepEqual(await call(unary, ended, status("401")), { messages: [], error });
              const stream = { ...as, method: "streamUsers", request: {}, headers: wrongKey } as const;
              assert.deepEqual(await call(stream, ended), { messages: [], error });
            });

            it(`${title}: a server stream brings all messages, in order`, async () => {
              const wanted = { ...as, method: "streamUsers", request: {} } as const;
              const outcome = await call(wanted, { messagesOut: users.length });
              assert.deepEqual(usersOf(outcome), users);
            });

            it(`${title}: a stream that breaks a rule is invalid_argument, and the page reads which`, async () => {
              const wanted = { ...as, method: "streamUsers", request: { limit: -1 } } as const;
              const outcome = await call(wanted, { code: "invalid_argument" });
              const error = { code: "InvalidArgument", violations: ["limit"] };
              assert.deepEqual(outcome, { messages: [], error });
            });

            it(`${title}: a stream that the page aborts is cancelled by the client`, async () => {
              const outcome = await call(
                { ...as, method: "streamEvents", request: { afterId: "0" }, abortAfter: events.length },
                { code: "canceled", cancelledBy: "client", messagesOut: events.length },
              );
              assert.deepEqual(eventsOf(outcome), events);
              assert.equal(outcome.error?.code, "Canceled");
            });

            // On the stock lane a stream's headers leave with its first message.
            if (lane === "auto")
              it(`${title}: a page that has a stream's headers gets the event that it publishes then`, async () => {
                const type = `live/${title}`;
                const cause = callOf({
                  ...published(type),
                  ...as,
                  headers: { "x-request-id": type.replace(" ", "") },
                });
                expectRow(cause, { messagesOut: 1 });
                const outcome = await call(
                  { ...as, method: "streamEvents", request: {}, abortAfter: 1, onHeaders: cause },
                  { code: "canceled", cancelledBy: "client", messagesOut: 1 },
                );
                assert.deepEqual(eventsOf(outcome), [type]);
              });

            it(`${title}: the server ends a stream at its deadline, and the page reads why`, async () => {
              // In a header alone, so that it is the server's word that ends the call, not the page's timer.
              const headers: Record<string, string> =
                protocol === "connect"
                  ? { "connect-timeout-ms": `${timeoutMs}` }
                  : { "grpc-timeout": `${timeoutMs}m` };
              const outcome = await call(
                { ...as, method: "streamEvents", request: {}, headers },
                { code: "deadline_exceeded", cancelledBy: "deadline" },
              );
              const error = { code: "DeadlineExceeded", violations: [] };
              assert.deepEqual(outcome, { messages: [], error });
            });

            it(`${title}: timeoutMs ends a stream for the page and for the server`, async () => {
              const made = callOf({ ...as, method: "streamEvents", request: {}, timeoutMs });
              // The page's timer and the server's run together: which of them ends the call is open.
              expectRow(made, { code: "timeout", cancelledBy: null });
              const { messages, error } = await page.call(made);
              assert.deepEqual(messages, []);
              assert.deepEqual(error, { code: "DeadlineExceeded", violations: [] });
              assert.deepEqual(page.takeComplaints(), []);
            });

            it(`${title}: the page reads the request id that the server makes`, async () => {
              const { headers, ...made } = callOf({ ...as, method: "getUser", request: developer });
              const withoutId = { ...made, headers: { "x-api-key": headers["x-api-key"] ?? "" } };
              const { requestId } = await page.call(withoutId);
              assert.match(requestId ?? "", /^[0-9a-f]{24}$/);
              expectRow({ ...made, headers: { "x-request-id": requestId ?? "" } }, { messagesOut: 1 });
            });

            it(`${title}: a page of an origin that is not allowed cannot call`, async () => {
              for (const method of ["getUser", "streamUsers"] as const) {
                const request = method === "getUser" ? developer : {};
                const outcome = await stranger.call(callOf({ ...as, method, request }));
                assert.deepEqual(outcome, {
                  messages: [],
                  requestId: null,
                  error: { code: "Unknown", violations: [] },
                });
                assert.deepEqual(stranger.takeComplaints().map(kindOf), ["CORS", "net::ERR_FAILED"]);
              }
            });
          }

        it("a method without side effects is called by GET where the page wants that, and by POST else", async () => {
          page.takeHttpMethods();
          for (const format of ["binary", "json"] as const)
            for (const useHttpGet of [true, false]) {
              const wanted = { format, useHttpGet, method: "getUser", request: developer } as const;
              assert.deepEqual(usersOf(await call(wanted, { messagesOut: 1 })), ["Developer"]);
              assert.deepEqual(page.takeHttpMethods(), [useHttpGet ? "GET" : "POST"]);
            }
        });

        it("a GET that needs no preflight is answered, and a page that is not allowed cannot read how", async () => {
          const made = callOf({ method: "getUser", request: developer, useHttpGet: true });
          const simple = { ...made, headers: {} };
          expectRow(simple, { code: "unauthenticated" });
          const { requestId, error } = await stranger.call(simple);
          assert.deepEqual([requestId, error?.code], [null, "Unknown"]);
          assert.deepEqual(stranger.takeComplaints().map(kindOf), ["CORS", "net::ERR_FAILED"]);
        });

        it("the request log has each call once, and how it ended, and no preflight", async () => {
          const ids = new Set(rows.map(({ requestId }) => requestId));
          const found = (await app.requestLog()).map((row): Row => {
            const { method, protocol, httpVersion, messagesOut } = row;
            const requestId = ids.has(row.requestId) ? row.requestId : "made by the server";
            const isTimeout = rows.some((one) => one.requestId === requestId && one.code === "timeout");
            const end = { code: row.code, cancelledBy: row.cancelledBy };
            if (isTimeout) assert.ok(timeouts.has(`${end.code} by ${end.cancelledBy}`), JSON.stringify(end));
            const ended = isTimeout ? { code: "timeout", cancelledBy: null } : end;
            return { requestId, method, protocol, httpVersion, messagesOut, ...ended };
          });
          assert.deepEqual(found.sort(byId), rows.toSorted(byId));
        });
      });
    }
});

const timeouts: ReadonlySet<string> = new Set(["deadline_exceeded by deadline", "canceled by client"]);

const byId = (one: Row, other: Row): number => (one.requestId < other.requestId ? -1 : 1);

/** What a complaint of the console is about: an HTTP status, a network error, CORS, or itself where it is another. */
function kindOf(complaint: string): string {
  const failed = /^Failed to load resource: (?:the server responded with a status of (\d+)|(net::\w+)$)/;
  const [, status, network] = failed.exec(complaint) ?? [];
  return status ?? network ?? (/has been blocked by CORS policy/.test(complaint) ? "CORS" : complaint);
}

/** The names of the users that came. */
function usersOf({ messages }: Pick<Outcome, "messages">): unknown[] {
  return messages.map((message) => (message as { user?: { displayName?: string } }).user?.displayName); // as users/v1 has it
}

/** The types of the events that came. */
function eventsOf({ messages }: Pick<Outcome, "messages">): unknown[] {
  return messages.map((message) => (message as { event?: { type?: string } }).event?.type); // as events/v1 has it
}

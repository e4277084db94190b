import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type PostgresServer, password, startPostgres } from "../../../postgres.ts";
import { type Certificates, makeCertificates } from "../../server/listener/certificates.ts";
import { codeOf } from "../fixture/open.ts";
import { openTestStore, skip } from "./fixture.ts";

let server: PostgresServer;
let certificates: Certificates | undefined;

before(async () => {
  certificates = makeCertificates();
  if (skip === false) server = await startPostgres(certificates);
});

after(async () => {
  await server?.stop();
  certificates?.remove();
});

test("a certificate is verified: by who vouches for it, and for the name that was asked for", {
  skip,
}, async (t) => {
  if (certificates === undefined) return t.skip("no openssl");
  const url = await server.createDatabase();
  const asked = { ca: `?sslmode=verify-full&sslrootcert=${certificates.caFile}` };
  const store = await openTestStore(t, server, { url: `${url}${asked.ca}` });
  await store.queries.items.insertName("by TLS");
  const { rows } = await server.query(
    "select bool_and(ssl) as ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'runrpc'",
  );
  assert.deepEqual(rows, [{ ssl: true }]);
  const stranger = `?sslmode=verify-full&sslrootcert=${certificates.strangerCertFile}`;
  const outcomes = {
    nobodyVouches: await codeOf(openTestStore(t, server, { url: `${url}?sslmode=verify-full` })),
    strangerVouches: await codeOf(openTestStore(t, server, { url: `${url}${stranger}` })),
    // The certificate is for 127.0.0.1 and localhost, and not for this one, which leads there as well.
    otherName: await codeOf(
      openTestStore(t, server, { url: `${url.replace("127.0.0.1", "127.0.0.2")}${asked.ca}` }),
    ),
  };
  assert.deepEqual(outcomes, {
    nobodyVouches: "unavailable",
    strangerVouches: "unavailable",
    otherName: "unavailable",
  });
});

test("a server without TLS is not spoken to in clear where TLS was asked for", { skip }, async (t) => {
  const plain = await startPostgres();
  t.after(() => plain.stop());
  const url = `${await plain.createDatabase()}?sslmode=verify-full`;
  assert.equal(await codeOf(openTestStore(t, plain, { url })), "unavailable");
});

test("no password, where the server asks for one, is told as that", { skip }, async (t) => {
  const url = (await server.createDatabase()).replace(`:${encodeURIComponent(password)}@`, "@");
  await assert.rejects(openTestStore(t, server, { url }), (error: Error) => {
    assert.match(error.message, /there is none: put it into the URL, PGPASSWORD or ~\/\.pgpass/);
    return true;
  });
});

test("a wrong password is told without it", { skip }, async (t) => {
  const url = (await server.createDatabase()).replace(encodeURIComponent(password), "wr0ng");
  await assert.rejects(openTestStore(t, server, { url }), (error: Error) => {
    assert.match(error.message, /password authentication failed/);
    assert.ok(!JSON.stringify([error.message, error.stack, String(error.cause)]).includes("wr0ng"));
    return true;
  });
});

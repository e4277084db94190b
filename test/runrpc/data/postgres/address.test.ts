import assert from "node:assert/strict";
import { userInfo } from "node:os";
import { test } from "node:test";
import { addressFromUrl } from "../../../../src/runrpc/data/postgres/address.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";

test("a URL tells host, port, user, password and database, each unescaped", () => {
  assert.deepEqual(addressFromUrl("postgresql://a%40b:p%2Fw%3A%40@127.0.0.1:6000/my%20app"), {
    host: "127.0.0.1",
    port: 6000,
    user: "a@b",
    password: "p/w:@",
    database: "my app",
    tls: false,
    shown: "postgres://a%40b@127.0.0.1:6000/my app",
  });
});

const reached: readonly (readonly [url: string, host: string, isTls: boolean])[] = [
  ["postgres://localhost/app", "localhost", false],
  ["postgres://app@[::1]:5433/app", "::1", false],
  ["postgres://app@%2Fvar%2Frun%2Fpostgresql/app", "/var/run/postgresql", false],
  ["postgres://app@127.0.0.1/app?sslmode=verify-full", "127.0.0.1", true],
  ["postgres://app@db.example.com/app", "db.example.com", true],
  ["postgres://app@10.0.0.7/app", "10.0.0.7", true],
  ["postgres://app@localhost.example.com/app", "localhost.example.com", true],
  ["postgres://app@db.example.com/app?sslmode=disable", "db.example.com", false],
];

for (const [url, host, isTls] of reached) {
  test(`${url} is reached ${isTls ? "by TLS" : "in clear"}`, () => {
    const address = addressFromUrl(url);
    assert.deepEqual([address.host, address.tls !== false], [host, isTls]);
  });
}

test("who is not named is who runs this, by the usual port and without a password", () => {
  const { user, port, password } = addressFromUrl("postgres://localhost/app");
  assert.deepEqual({ user, port, password }, { user: userInfo().username, port: 5432, password: undefined });
});

const refused: readonly (readonly [url: string, why: RegExp])[] = [
  ["postgres://app:s3cret/s3cret@db/app", /escape/],
  ["postgres://app:s3cret@db", /names no database/],
  ["postgres://app:s3cret@db/", /names no database/],
  ["postgres://app:s3cret@db/a/b", /names no database/],
  ["postgres:///app", /names no host/],
  ["postgres://app:s3cret@db/app?sslmode=prefer", /sslmode prefer/],
  ["postgres://app:s3cret@db/app?password=s3cret", /parameter password/],
  ["postgres://app:s3cret@db/app?application_name=x", /parameter application_name/],
  ["postgres://app:s3cret@db/app?sslrootcert=/nowhere", /cannot be read/],
  ["postgres://app:s3cret@localhost/app?sslrootcert=/etc/hostname", /in clear/],
  ["postgres://app:s3cret@db:99999/app", /no URL/],
  ["postgres://app:s3cret%zz@db/app", /password/],
  ["postgres://app:s3cret@db/app#part", /#/],
  ["postgres://ap/p:s3cret@db/app", /names no database/],
  ["postgres://app:s3cr et s3cret@db/", /names no database/],
  ["postgres://app:s3cret@one,two/app", /several hosts/],
  ["postgres://app:s3cret@one:5432,two:5432/app", /several hosts/],
  ["postgres://app:s3cret@db/app?sslmode=disable&sslmode=verify-full", /sslmode more than once/],
  ["postgres://app:s3cret@/app?host=/var/run/postgresql", /no URL|no host/],
  ["postgres://app:s3cret#s3cret@db/app", /no URL.*%23/],
  ["postgres://app:s3cret?s3cret@db/app", /no URL.*%3F/],
  ["postgres://app:12#s3cret@db/app", /names no database.*%23/],
  ["mysql://app:s3cret@db/app", /no URL of Postgres/],
];

for (const [url, why] of refused) {
  test(`${url} is refused, without its password`, () => {
    assert.throws(
      () => addressFromUrl(url),
      (error) => {
        assert.ok(error instanceof DataError);
        assert.equal(error.code, "invalid_argument");
        assert.match(error.message, why);
        assert.ok(!error.message.includes("s3cret"), error.message);
        return true;
      },
    );
  });
}

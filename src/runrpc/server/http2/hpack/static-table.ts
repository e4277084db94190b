import { Field, kindOfName } from "./field.ts";

/** The static table (RFC 7541, appendix A): names by index, from 1. */
const NAMES =
  ` :authority :method :method :path :path :scheme :scheme :status :status :status :status :status :status :status
accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow
authorization cache-control content-disposition content-encoding content-language content-length content-location
content-range content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range
if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range referer
refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary via
www-authenticate`.split(/\s/);

const VALUES: Readonly<Record<number, string>> = {
  2: "GET",
  3: "POST",
  4: "/",
  5: "/index.html",
  6: "http",
  7: "https",
  8: "200",
  9: "204",
  10: "206",
  11: "304",
  12: "400",
  13: "404",
  14: "500",
  16: "gzip, deflate",
};

export const STATIC_COUNT = 61;

/** The entries by index; there is none at 0. */
export const STATIC_FIELDS: readonly Field[] = NAMES.map(
  (name, index) => new Field(name, kindOfName(name), VALUES[index] ?? ""),
);

/** The index of each name, the lowest where a name has several. */
export const STATIC_INDEX: ReadonlyMap<string, number> = new Map(
  NAMES.map((name, index) => [name, index] as const)
    .slice(1)
    .reverse(),
);

/** The index of each status that has one. */
export const STATUS_INDEX: ReadonlyMap<number, number> = new Map(
  [8, 9, 10, 11, 12, 13, 14].map((index) => [Number(VALUES[index]), index]),
);

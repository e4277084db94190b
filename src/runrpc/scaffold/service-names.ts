/** What a new service and its parts are called. */
export interface ServiceNames {
  /** With its package: `parcels.v1.ParcelService`. */
  readonly full: string;
  /** `parcels.v1` */
  readonly package: string;
  /** `ParcelService` */
  readonly service: string;
  /** The contract, in the folder of the protos: `parcels/v1/parcels.proto`. */
  readonly protoFile: string;
  /** What the generator makes of the contract, in its folder and without the extension: `parcels/v1/parcels_pb`. */
  readonly generated: string;
  /** The folder in `src/services`: `parcels`. */
  readonly room: string;
  /** The name of its queries in `modules`: `parcels`. */
  readonly module: string;
  /** What goes before a name that something else has in the same file: `Parcels`. */
  readonly prefix: string;
  /** What the service keeps, as a type: `Parcel`. */
  readonly One: string;
  /** `Parcels` */
  readonly Many: string;
  /** As a value: `parcel`. */
  readonly one: string;
  /** The table: `parcels`. */
  readonly many: string;
  /** As words in a comment: `purchase order`. */
  readonly oneWords: string;
  readonly manyWords: string;
}

const pattern =
  /^(?<rooms>[a-z][a-z0-9]*(?:_[a-z0-9]+)*(?:\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*)*)\.(?<version>v[1-9]\d*(?:(?:alpha|beta)[1-9]\d*)?)\.(?<service>(?<One>[A-Z][A-Za-z0-9]*)Service)$/;

/** Packages whose contracts are others'. */
const taken = /^(?:runrpc|grpc|google|buf|sqlite)(?:[._]|$)/;

/** What a generated message calls otherwise, what every object has, and what makes a promise of it. */
const unusable = new Set(["constructor", "toString", "toJSON", "valueOf", "then", "service"]);

/** The tables of the package's own, which are in the same database: those of `platform/schema.ts`. */
export const platformTables = new Set(["keys", "request_log"]);

/** What no variable can be called: https://tc39.es/ecma262/#prod-ReservedWord, and what strict code reserves besides. */
const reserved = new Set(
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield".split(
    " ",
  ),
);

/**
 * The names of a service and of what belongs to it.
 *
 * @throws Error that shows the right form.
 */
export function serviceNames(full: string): ServiceNames {
  const { rooms, version, service, One: entity } = pattern.exec(full)?.groups ?? {};
  if (rooms === undefined || version === undefined || service === undefined || entity === undefined) {
    throw new Error(
      `${shorten(full)} is not the full name of a service: write its package, its version and its name, such as ${suggestionFor(full)}`,
    );
  }
  if (taken.test(rooms))
    throw new Error(`the package ${rooms}.${version} is not yours: ${rooms.split(".")[0]} is taken`);
  const room = rooms.split(".").at(-1) ?? rooms;
  const module = camel(room);
  if (reserved.has(module) || unusable.has(module))
    throw new Error(`${room} is a word of TypeScript: name the package otherwise`);
  const One = singular(entity);
  const Many = plural(One);
  const one = lowerFirst(One);
  const many = plural(one);
  if (unusable.has(one) || reserved.has(many))
    throw new Error(
      `${full} would keep something called ${one}, which is no name for a field: name it otherwise`,
    );
  const table = snake(Many);
  if (platformTables.has(table) || table.startsWith("sqlite_"))
    throw new Error(`${full} would have a table ${table}, which is taken: name the service otherwise`);
  const protoFolder = `${rooms.replaceAll(".", "/")}/${version}`;
  return {
    full,
    package: `${rooms}.${version}`,
    service,
    protoFile: `${protoFolder}/${room}.proto`,
    generated: `${protoFolder}/${room}_pb`,
    room,
    module,
    prefix: pascal(room),
    One,
    Many,
    one,
    many,
    oneWords: snake(One).replaceAll("_", " "),
    manyWords: snake(Many).replaceAll("_", " "),
  };
}

/** `purchase_order` from `PurchaseOrder` or `purchaseOrder`. */
export function snake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** The right form of what was most likely meant: `parcels.v1.ParcelService` for `Parcel` and for `parcels/V1/parcels`. */
export function suggestionFor(text: string): string {
  const parts = text
    .slice(0, 100)
    .split(/[^A-Za-z0-9_]+/)
    .filter((part) => /[A-Za-z]/.test(part));
  const isVersion = (part: string) => /^v\d+\w*$/i.test(part);
  const version = parts.find(isVersion)?.toLowerCase() ?? "v1";
  const others = parts.filter((part) => !isVersion(part));
  const last = others.at(-1) ?? "Parcel";
  const word = pascal(last).replace(/Service$/i, "") || "Parcel";
  const rooms = others
    .slice(0, -1)
    .map((part) => snake(part).replace(/^[^a-z]+|_+$/g, ""))
    .filter(Boolean);
  const One = singular(word);
  const suggestion = `${rooms.length > 0 ? rooms.join(".") : snake(plural(One))}.${version}.${One}Service`;
  return pattern.test(suggestion) ? suggestion : "parcels.v1.ParcelService";
}

function plural(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`;
  return /(?:s|x|z|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`;
}

/** `Parcel` from `Parcels`. What only looks like a plural, such as `Status` and `Address`, stays. */
function singular(word: string): string {
  if (/[^aeiou]ies$/.test(word) && word.length > 5) return `${word.slice(0, -3)}y`;
  if (/(?:[xz]|ch|sh|ss)es$/.test(word)) return word.slice(0, -2);
  return /[^sui]s$/.test(word) && word.length > 3 && !/news$/i.test(word) ? word.slice(0, -1) : word;
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function pascal(name: string): string {
  const joined = camel(name.replace(/^[^A-Za-z]+/, ""));
  return joined.slice(0, 1).toUpperCase() + joined.slice(1);
}

function lowerFirst(name: string): string {
  // `URL` is `url`, `URLMap` is `urlMap`.
  const [head = ""] = /^[A-Z]+(?![a-z])|^[A-Z]/.exec(name) ?? [];
  return head.toLowerCase() + name.slice(head.length);
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

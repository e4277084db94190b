import type { ServiceNames } from "../service-names.ts";

/** Where the files of a service find what they import, as specifiers. */
export interface Specifiers {
  /** From the generated code's folder on, `../../../gen/`. */
  readonly gen: string;
  /** `.ts`, or `.js` where the project's imports end so. */
  readonly extension: string;
}

/** What the file names besides: a message of this name is imported by another one. */
const others = new Set(["Answer", "Date", "ServiceImpl"]);

/** The implementation of a service that keeps something. */
export function serviceText(
  { service, generated, room, one, One, Many, manyWords, many, package: name }: ServiceNames,
  { gen, extension }: Specifiers,
): string {
  const message = others.has(One) ? `${One}Message` : One;
  const imported = message === One ? One : `${One} as ${message}`;
  return `import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type Answer, pageTokenFromPosition, positionFromPageToken, type ServiceImpl } from "runrpc";
import type { ${imported}, ${service} } from "${gen}${generated}${extension}";
import type { ${One}Queries, ${One}Row } from "./queries${extension}";

/** ${Many} in a page whose request names no size. */
const defaultPageSize = 50;

/** The ${manyWords}, as ${name} describes them. */
export function create${service}(queries: ${One}Queries): ServiceImpl<typeof ${service}> {
  return {
    async get${One}({ id }, { signal }) {
      return { ${one}: messageFromRow(await queries.get${One}({ id }, { signal })) };
    },

    async list${Many}({ pageSize, pageToken }, { signal }) {
      const limit = pageSize === 0 ? defaultPageSize : pageSize;
      const [afterSeq = 0] = positionFromPageToken("${room}", pageToken, 1) ?? [];
      // One more than asked for tells whether there is a next page.
      const rows = await queries.list${Many}({ afterSeq, limit: limit + 1 }, { signal });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const hasMore = rows.length > limit && last !== undefined;
      return {
        ${many}: page.map(messageFromRow),
        nextPageToken: hasMore ? pageTokenFromPosition("${room}", [last.seq]) : "",
      };
    },

    async create${One}({ name }, { signal }) {
      const row = await queries.create${One}({ id: randomUUID(), name, at: new Date() }, { signal });
      return { ${one}: messageFromRow(row) };
    },

    async delete${One}({ id }, { signal }) {
      await queries.delete${One}({ id }, { signal });
      return {};
    },
  };
}

function messageFromRow({ id, name, createTime }: ${One}Row): Answer<${message}> {
  return { id, name, createTime: timestampFromDate(createTime) };
}
`;
}

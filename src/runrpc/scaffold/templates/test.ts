import type { ServiceNames } from "../service-names.ts";

/** Where a service's test finds what it imports, as specifiers. */
export interface TestSpecifiers {
  /** The generated code's folder, such as `../../../gen/`. */
  readonly gen: string;
  /** The file that exports the application. */
  readonly main: string;
  /** The service's own folder, with a slash at its end. */
  readonly room: string;
  readonly extension: string;
}

/** The test of a service that keeps something. */
export function testText(
  { service, module, generated, one, many, One, Many, oneWords, manyWords }: ServiceNames,
  { gen, main, room, extension }: TestSpecifiers,
): string {
  return `import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { contextOf, openTestStore } from "runrpc/testing";
import {
  Create${One}RequestSchema,
  Delete${One}RequestSchema,
  Get${One}RequestSchema,
  List${Many}RequestSchema,
  ${service},
} from "${gen}${generated}${extension}";
import definition from "${main}";
import { create${service} } from "${room}service${extension}";

const { method } = ${service};
const db = await openTestStore(definition);
after(() => db[Symbol.asyncDispose]());
const service = create${service}(db.queries.${module});

async function add(name: string): Promise<string> {
  const response = await service.create${One}(
    create(Create${One}RequestSchema, { name }),
    contextOf(method.create${One}),
  );
  return response.${one}?.id ?? "";
}

async function get(id: string) {
  const response = await service.get${One}(create(Get${One}RequestSchema, { id }), contextOf(method.get${One}));
  return response.${one};
}

test("${articled(oneWords)} that was created is found as it was given", async () => {
  assert.equal((await get(await add("first")))?.name, "first");
});

test("pages of ${manyWords} follow each other in the order of creation", async () => {
  const [one, two] = [await add("one"), await add("two")];
  const ids: (string | undefined)[] = [];
  let pageToken = "";
  do {
    const request = create(List${Many}RequestSchema, { pageSize: 1, pageToken });
    const page = await service.list${Many}(request, contextOf(method.list${Many}));
    for (const { id } of page.${many} ?? []) ids.push(id);
    pageToken = page.nextPageToken ?? "";
  } while (pageToken !== "");
  assert.deepEqual(ids.slice(-2), [one, two]);
});

test("${articled(oneWords)} that was deleted is found no more", async () => {
  const id = await add("gone");
  await service.delete${One}(create(Delete${One}RequestSchema, { id }), contextOf(method.delete${One}));
  await assert.rejects(() => get(id), { code: "not_found" });
});
`;
}

function articled(words: string): string {
  return `${/^[aeiou]/i.test(words) ? "an" : "a"} ${words}`;
}

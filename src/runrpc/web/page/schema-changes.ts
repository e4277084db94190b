import type { MethodSchema, Schema } from "./schema.ts";

/** What one schema has that another has not, such as `changed: users.v1.User`. */
export function changesOf(before: Schema, after: Schema): readonly string[] {
  return [
    ...differences(methodsOf(before), methodsOf(after)),
    ...differences(before.messages, after.messages),
    ...differences(before.enums, after.enums),
  ];
}

/** All that a method's form is made of, as a text: where it is the same, so is the form. */
export function textOfMethod(schema: Schema, method: MethodSchema): string {
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const member of schema.messages[name]?.members ?? [])
      for (const { type } of member.kind === "oneof" ? member.fields : [member]) {
        if ("message" in type) reach(type.message);
        if ("enum" in type) reached.add(type.enum);
      }
  };
  reach(method.input);
  return JSON.stringify([
    method,
    schema.traceLink,
    ...[...reached].map((name) => schema.messages[name] ?? schema.enums[name]),
  ]);
}

function methodsOf({ services }: Schema): Readonly<Record<string, MethodSchema>> {
  return Object.fromEntries(
    services.flatMap(({ name, methods }) => methods.map((method) => [`${name}/${method.name}`, method])),
  );
}

type Described = Readonly<Record<string, object>>;

function differences(before: Described, after: Described): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    if (before[name] === undefined) return [`new: ${name}`];
    if (after[name] === undefined) return [`gone: ${name}`];
    return JSON.stringify(before[name]) === JSON.stringify(after[name]) ? [] : [`changed: ${name}`];
  });
}

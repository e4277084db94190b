// What a server tells its page of what it serves: made by web/describe.ts, read in the browser.

export interface Schema {
  readonly services: readonly ServiceSchema[];
  /** By full name. */
  readonly messages: Readonly<Record<string, MessageSchema>>;
  /** By full name. */
  readonly enums: Readonly<Record<string, EnumSchema>>;
  /** Where a trace is looked at, with `{trace_id}` in it; empty: nowhere. */
  readonly traceLink: string;
}

export interface ServiceSchema {
  /** Such as `users.v1.UserService`. */
  readonly name: string;
  /** Such as `users/v1/users.proto`. */
  readonly file: string;
  readonly comment: string;
  /** Whether the server brings it along. */
  readonly isBuiltIn: boolean;
  readonly methods: readonly MethodSchema[];
}

export type MethodKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

export interface MethodSchema {
  readonly name: string;
  /** As TypeScript clients call it. */
  readonly localName: string;
  readonly kind: MethodKind;
  readonly input: string;
  readonly output: string;
  readonly comment: string;
  /** It has no side effects. */
  readonly isSafe: boolean;
  readonly isDeprecated: boolean;
  /** No key is needed. */
  readonly isPublic: boolean;
  readonly scopes: readonly string[];
  /** 0: none. */
  readonly deadlineMs: number;
  /** 0: no bound. */
  readonly maxDeadlineMs: number;
  readonly maxRequestBytes: number;
}

export interface MessageSchema {
  /** Such as `users/v1/users.proto`. */
  readonly file: string;
  readonly comment: string;
  readonly rules: readonly string[];
  readonly members: readonly MemberSchema[];
}

export type MemberSchema = FieldSchema | OneofSchema;

export interface FieldSchema {
  readonly kind: "field";
  readonly name: string;
  /** Its name in JSON. */
  readonly jsonName: string;
  readonly number: number;
  readonly comment: string;
  /** What the schema asks of its value, each in a few words. */
  readonly rules: readonly string[];
  /** Of a list or a map: of its values. */
  readonly type: TypeSchema;
  readonly shape: "single" | "list" | "map";
  /** The scalar type of a map's keys. */
  readonly key?: string;
  /** Whether set and not set differ where the value is the type's zero. */
  readonly hasPresence: boolean;
}

export interface OneofSchema {
  readonly kind: "oneof";
  readonly name: string;
  readonly comment: string;
  readonly rules: readonly string[];
  readonly fields: readonly FieldSchema[];
}

export type TypeSchema =
  | { readonly scalar: string }
  | { readonly enum: string }
  | { readonly message: string };

export interface EnumSchema {
  readonly values: readonly { readonly name: string; readonly number: number; readonly comment: string }[];
}

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export type JsonObject = { readonly [name: string]: Json };

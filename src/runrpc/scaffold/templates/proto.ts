import { type ServiceNames, snake } from "../service-names.ts";

/** Which contracts the project has for a new one to import. */
export interface ProtoImports {
  /** `buf/validate/validate.proto` */
  readonly hasValidation: boolean;
  /** `runrpc/options/v1/options.proto` */
  readonly hasOptions: boolean;
}

/** The contract of a service that keeps something: get, list, create, delete. */
export function protoText(
  { package: name, room, service, One, Many, oneWords, manyWords }: ServiceNames,
  { hasValidation, hasOptions }: ProtoImports,
): string {
  const scopes = (access: string) =>
    hasOptions
      ? `\n    option (runrpc.options.v1.method) = {\n      scopes: ["${room}.${access}"]\n    };`
      : "";
  const rule = (text: string) => (hasValidation ? ` [(buf.validate.field).${text}]` : "");
  const imports = [
    ...(hasValidation ? ["buf/validate/validate.proto"] : []),
    "google/protobuf/timestamp.proto",
    ...(hasOptions ? ["runrpc/options/v1/options.proto"] : []),
  ];
  const reading = `    option idempotency_level = NO_SIDE_EFFECTS;${scopes("read")}`;
  const writing = hasOptions ? ` {${scopes("write")}\n  }` : ";";
  const [one, many] = [snake(One), snake(Many)];
  return `syntax = "proto3";

package ${name};

${imports.map((path) => `import "${path}";`).join("\n")}

// ${service} keeps ${manyWords}.
service ${service} {
  // Get${One} returns one ${oneWords}, or NOT_FOUND.
  rpc Get${One}(Get${One}Request) returns (Get${One}Response) {
${reading}
  }

  // List${Many} returns one page of ${manyWords}, in the order in which they were created.
  rpc List${Many}(List${Many}Request) returns (List${Many}Response) {
${reading}
  }

  // Create${One} adds ${article(oneWords)} ${oneWords}.
  rpc Create${One}(Create${One}Request) returns (Create${One}Response)${writing}

  // Delete${One} removes ${article(oneWords)} ${oneWords}, or is NOT_FOUND.
  rpc Delete${One}(Delete${One}Request) returns (Delete${One}Response)${writing}
}

message ${One} {
  // Made by the server: a UUID.
  string id = 1;
  string name = 2;
  // To the millisecond.
  google.protobuf.Timestamp create_time = 3;
}

message Get${One}Request {
  string id = 1${rule("string.uuid = true")};
}

message Get${One}Response {
  ${One} ${one} = 1;
}

message List${Many}Request {
  // ${Many} in one page: 1 to 1000; 0 means 50.
  int32 page_size = 1${rule("int32 = {\n    gte: 0\n    lte: 1000\n  }")};
  // next_page_token of the page before; empty for the first page.
  string page_token = 2${rule("string.max_len = 256")};
}

message List${Many}Response {
  repeated ${One} ${many} = 1;
  // Empty on the last page.
  string next_page_token = 2;
}

message Create${One}Request {
  string name = 1${rule("string = {\n    min_len: 1\n    max_len: 100\n  }")};
}

message Create${One}Response {
  ${One} ${one} = 1;
}

message Delete${One}Request {
  string id = 1${rule("string.uuid = true")};
}

message Delete${One}Response {}
`;
}

/** The article of a word, as it is written. */
function article(word: string): string {
  return /^[aeiou]/i.test(word) ? "an" : "a";
}

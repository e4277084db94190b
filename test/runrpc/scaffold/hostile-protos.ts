/** A contract of a service S, to which a method Count is added. */
export interface HostileProto {
  readonly title: string;
  /** Between « and » what has to be inserted; the rest is the file as it was. */
  readonly marked: string;
}

const rpc = "rpc Count(CountRequest) returns (stream CountResponse);";
const messages = "«\nmessage CountRequest {}\n\nmessage CountResponse {}\n»";
const rest = "message GetRequest {}\nmessage GetResponse {}\n";

const plain = `syntax = "proto3";
package t.v1;
// S does.
service S {
  // Get gets.
  rpc Get(GetRequest) returns (GetResponse);«

  // Count: say here what it does.
  ${rpc}»
}
${rest}${messages}`;

const tabs = `syntax = "proto3";
package t.v1;
service S {
	rpc Get(GetRequest) returns (GetResponse) {
		option idempotency_level = NO_SIDE_EFFECTS;
	}
	/* x */«

	// Count: say here what it does.
	${rpc}
»	} // tail }
${rest}${messages}`;

export const hostileProtos: readonly HostileProto[] = [
  { title: "as it is usually written", marked: plain },
  { title: "CRLF", marked: plain.replaceAll("\n", "\r\n") },
  {
    title: "CRLF, and a line comment as the last of the service",
    marked: plain.replace("Response);«", "Response);\n  // and more«").replaceAll("\n", "\r\n"),
  },
  { title: "a byte order mark", marked: `\ufeff${plain}` },
  { title: "four spaces", marked: plain.replace(/^ {2}/gm, "    ") },
  { title: "no line end at the end", marked: plain.replace(`GetResponse {}\n«`, "GetResponse {}«\n") },
  { title: "tabs, and a comment on the line of the closing brace", marked: tabs },
  {
    title: "all on one line",
    marked: `syntax = "proto3";
package t.v1;
service S { rpc Get(GetRequest) returns (GetResponse);«

  // Count: say here what it does.
  ${rpc}
» } message GetRequest {} message GetResponse {}
${messages}`,
  },
  {
    title: "letters of two and four bytes, in comments with braces",
    marked: `syntax = "proto3";
package t.v1;
// ☃😀 é
/* ☃😀é */ service S { /* ☃😀é { */ rpc Get(GetRequest) returns (GetResponse); /* ☃😀é } */«

  // Count: say here what it does.
  ${rpc}
» } // ☃ }
${rest}${messages}`,
  },
  {
    title: "an empty service beside another one, whose braces share a line",
    marked: `syntax = "proto3";
package t.v1;
import "google/protobuf/empty.proto";
service T { rpc Get(google.protobuf.Empty) returns (google.protobuf.Empty); };
service S {«
  // Count: say here what it does.
  ${rpc}
»}
${messages}`,
  },
  {
    title: "texts with braces, quotes and slashes; empty statements",
    marked: `syntax = "proto3";
package t.v1;
import "google/protobuf/descriptor.proto";
extend google.protobuf.MethodOptions { string note = 50001; }
service S {
  rpc Get(GetRequest) returns (GetResponse) { option (note) = "a } \\" { // no" '/* "'; }
  rpc Two(GetRequest) returns (stream GetResponse) {}; ;«

  // Count: say here what it does.
  ${rpc}»
}
${rest}${messages}`,
  },
  {
    title: "a service of a longer name, and one in a comment, before it",
    marked: `syntax = "proto3";
package t.v1;
// service S { }
service SS { rpc Get(GetRequest) returns (GetResponse); }
/* service S {
   rpc Old(GetRequest) returns (GetResponse);
*/
service S
{
  rpc Get
    ( GetRequest )
    returns
    ( GetResponse ) ;
  // a last comment }«

  // Count: say here what it does.
  ${rpc}»
}
${rest}${messages}`,
  },
  {
    title: "a message S.Nested, a field called service and one called rpc",
    marked: `syntax = "proto3";
package t.v1;
message Holder { message S { string service = 1; string rpc = 2; } S s = 1; }
service S {
    rpc rpc(GetRequest) returns (GetResponse);
    rpc Get(.t.v1.GetRequest) returns (t.v1.GetResponse);«

    // Count: say here what it does.
    ${rpc}»
}
${rest}${messages}`,
  },
];

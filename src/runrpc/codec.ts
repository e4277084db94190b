// `runrpc/codec`: what the codecs call that `buf generate` writes. Nobody else has a use for it, and it may change with each
// version of the package: codecs are generated anew then.
export { BAIL } from "./codec/bail.ts";
export type { MessageCodec } from "./codec/message-codec.ts";
export {
  asBool,
  asInteger,
  asWide,
  ofDigits,
  putBool,
  putDouble,
  putFixed32,
  putFixed64,
  putFloat,
  putInt32,
  putInt64,
  putSfixed32,
  putSfixed64,
  putSint32,
  putSint64,
  putUint32,
  putUint64,
} from "./codec/numbers.ts";
export { putBytes, putText, putUnknown } from "./codec/put-text.ts";
export {
  bool,
  bytes,
  double,
  fixed32,
  fixed64,
  float,
  int64,
  longTag,
  noBytes,
  type Oneof,
  type Reader,
  setEntry,
  sfixed32,
  sfixed64,
  sint64,
  uint64,
  varint,
} from "./codec/reader.ts";
export { putStruct, struct } from "./codec/struct.ts";
export { text } from "./codec/text.ts";
export { type UnknownField, unknownField } from "./codec/unknown-field.ts";
export { close, ensure, isOwn, type Writer } from "./codec/writer.ts";

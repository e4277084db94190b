import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { boundedText } from "./bounded-text.ts";
import { fittingHeaders, MAX_METADATA_BYTES, MAX_METADATA_ENTRIES } from "./http/header-bytes.ts";
import { percentEncoded } from "./http/percent-encoding.ts";
import { REQUEST_ID } from "./http/server-headers.ts";

/** `grpc-status` and the names of `grpc-message` and `grpc-status-details-bin`, with what each entry adds. */
const STATUS_BYTES = 192;

/** Kept free of details: names, and what headers and trailers the handler has set. */
const RESERVED_BYTES = 1_024;

/** What an Any and its field add to the bytes and the type name of a detail, at most. */
const ANY_BYTES = 32;

/**
 * An error that every protocol can carry: its message is bounded, and so are message, details and metadata together, as
 * the trailers of gRPC hold them. A detail, or an entry of the metadata, that does not fit is left out whole, and so is the
 * id of another request. So is what JSON cannot have of a detail's `debug`. An error within the bounds stays the object that it is.
 */
export function boundedError(error: ConnectError): ConnectError {
  const message = boundedText(String(error.rawMessage));
  const free = MAX_METADATA_BYTES - STATUS_BYTES - percentEncoded(message).length;
  // gRPC has the message beside the details a second time.
  const { details, bytes } = fittingDetails(plainDetails(error.details), message, free - RESERVED_BYTES);
  const metadata = fittingHeaders(withoutId(error.metadata), free - bytes, MAX_METADATA_ENTRIES / 2);
  if (message === error.rawMessage && details === error.details && metadata === error.metadata) return error;
  const bounded = new ConnectError(message, error.code, metadata, [], error.cause ?? error);
  bounded.details = details;
  bounded.isWireError = error.isWireError;
  if (error.stack !== undefined) bounded.stack = error.stack;
  return bounded;
}

function withoutId(metadata: Headers): Headers {
  if (!metadata.has(REQUEST_ID)) return metadata;
  const rest = new Headers(metadata);
  rest.delete(REQUEST_ID);
  return rest;
}

type Detail = ConnectError["details"][number];

/** What the `debug` of all details may take as JSON, in characters: of all protocols, Connect alone sends it. */
const MAX_DEBUG_CHARS = 8_192;

/** The details with what JSON has of their `debug`; those of which it has nothing, or too much, go without. */
function plainDetails(details: Detail[]): Detail[] {
  if (!details.some((detail) => "debug" in detail)) return details;
  let free = MAX_DEBUG_CHARS;
  return details.map((detail) => {
    if ("desc" in detail || !("debug" in detail)) return detail;
    const { type, value } = detail;
    const text = debugText(detail);
    if (text === undefined || text.length > free) return { type, value };
    free -= text.length;
    return { type, value, debug: JSON.parse(text) };
  });
}

function debugText(detail: { readonly debug?: unknown }): string | undefined {
  try {
    return JSON.stringify(detail.debug);
  } catch {
    return undefined;
  }
}

/** The details that fit, and how much of a header they take with the message. Base64 makes four characters of three bytes. */
function fittingDetails(
  details: Detail[],
  message: string,
  maxHeaderBytes: number,
): { readonly details: Detail[]; readonly bytes: number } {
  if (details.length === 0) return { details, bytes: 0 };
  let total = Buffer.byteLength(message) + ANY_BYTES;
  const fitting = details.filter((detail) => {
    const bytes = detailBytes(detail);
    if (((total + bytes) * 4) / 3 > maxHeaderBytes) return false;
    total += bytes;
    return true;
  });
  return {
    details: fitting.length === details.length ? details : fitting,
    bytes: fitting.length === 0 ? 0 : (total * 4) / 3,
  };
}

/** Infinity: no protocol can write it. */
function detailBytes(detail: Detail): number {
  try {
    const [bytes, name] =
      "desc" in detail
        ? [toBinary(detail.desc, create(detail.desc, detail.value)), detail.desc.typeName]
        : [detail.value, detail.type];
    return bytes.byteLength + name.length + ANY_BYTES;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

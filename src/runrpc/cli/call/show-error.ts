import {
  createRegistry,
  type DescMessage,
  fromBinary,
  type JsonValue,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, type ConnectError } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { isCertificateFault } from "../../client/certificate-fault.ts";
import { printable } from "../../printable.ts";

/** A failed call as JSON: what `--json` prints. */
export interface ShownError {
  /** Such as `not_found`. */
  readonly code: string;
  readonly message: string;
  readonly details: readonly JsonValue[];
}

/** What is known of a failed call. Details of a type that neither the registry nor this package has stay base64. */
export function shownErrorOf(error: ConnectError, registry: Registry | undefined): ShownError {
  const types = createRegistry(file_buf_validate_validate, ...(registry === undefined ? [] : [registry]));
  return {
    code: codeToString(error.code),
    message: error.rawMessage,
    details: error.details.map((detail) => {
      if ("desc" in detail) return { type: detail.desc.typeName }; // made on this side, which a call never does
      const type = types.getMessage(detail.type);
      const fallback = { "@type": detail.type, value: Buffer.from(detail.value).toString("base64") };
      const json = type && jsonOf(type, detail.value, types);
      return typeof json === "object" && json !== null ? { "@type": detail.type, ...json } : fallback;
    }),
  };
}

/** Undefined for bytes that are no message of the type: the error beside them is what has to be told. */
function jsonOf(type: DescMessage, value: Uint8Array, registry: Registry): JsonValue | undefined {
  try {
    return toJson(type, fromBinary(type, value), { registry });
  } catch {
    return undefined;
  }
}

/** `code: message`, each detail as JSON on a line of its own, and what may help: nothing of it steers a terminal. */
export function formatError(shown: ShownError, hint: string): string {
  const message = shown.message.split("\n").map(printable).join("\n");
  const details = shown.details.map((detail) => `  ${printable(JSON.stringify(detail))}\n`).join("");
  return `${shown.code}: ${message}\n${details}${hint === "" ? "" : `${hint}\n`}`;
}

/** What to do about failures that are about the connection or about reflection, and not about the call; else empty. */
export function hintFor(error: ConnectError, address: string, step: "reflection" | "call"): string {
  const cause = error.cause instanceof Error && "code" in error.cause ? error.cause.code : undefined;
  if (cause === "ECONNREFUSED" || cause === "ENOTFOUND" || error.rawMessage.includes("ECONNREFUSED")) {
    return `Nothing answers at ${address}: is the server running, and is --address right?`;
  }
  if (isCertificateFault(error)) {
    return "Name the authority that signed the server's certificate with --ca-file, or take any with --insecure.";
  }
  if (step === "reflection" && error.code === Code.Unimplemented) {
    return "The server has no reflection, which is how this command learns its methods: name its files with --proto.";
  }
  if (error.code === Code.Unauthenticated) return "Give a key with --key or RUNRPC_KEY.";
  return "";
}

import { type DescMessage, type Message, type Registry, toBinary, toJson } from "@bufbuild/protobuf";
import type { Call } from "../../call/call.ts";
import { refuseInexact } from "../../json/write-json.ts";
import { encodingOfGet } from "../get-query.ts";
import { unwritable } from "../unwritable.ts";

/** Lets a message pass that the adapter will be able to write. @throws Error for another one */
export type CheckWritable = (message: Message) => Message;

/**
 * Writes each answer for a trial: the adapter would tell clients what it could not write, values and all, and the log nothing.
 *
 * @param url of the call, whose query names the format where it is a GET.
 */
export function createWritableCheck(
  output: DescMessage,
  registry: Registry,
): (call: Call, url: string) => CheckWritable {
  return ({ head }, url) => {
    const type = head.headers["content-type"];
    const isJson = type === undefined ? encodingOfGet(url) === "json" : type.includes("json");
    return (message) => {
      try {
        if (isJson) toJson(output, message, { registry });
        else toBinary(output, message);
        refuseInexact(output, message);
      } catch (reason) {
        throw unwritable(output, reason);
      }
      return message;
    };
  };
}

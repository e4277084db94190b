import { type DescMessage, type MessageInitShape, type Registry, toJsonString } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { errorToJson } from "@connectrpc/connect/protocol-connect";
import type { OpenStreamResponseSchema } from "../../../../gen/runrpc/web/v1/page_pb.ts";
import type { StreamEvent } from "./run-stream.ts";
import type { TimedStep } from "./with-steps.ts";

type StreamResponse = MessageInitShape<typeof OpenStreamResponseSchema>;

/** What the page is told of an event. @throws Error for a message that cannot be written as JSON. */
export function eventOf(
  event: StreamEvent | TimedStep,
  output: DescMessage,
  registry: Registry,
): StreamResponse {
  switch (event.kind) {
    case "headers":
      return { event: { case: "headers", value: metadataOf(event.headers) } };
    case "step":
      return { event: { case: "step", value: event.step }, atMs: event.atMs };
    case "message":
      return { event: { case: "message", value: toJsonString(output, event.message, { registry }) } };
    case "end":
      return { event: { case: "end", value: { trailers: metadataOf(event.trailers) } } };
  }
}

/** What the page is told of a call that has failed: what Connect's own clients are. */
export function endOf(error: ConnectError, registry: Registry): StreamResponse {
  const json = JSON.stringify(errorToJson(error, { registry }));
  return { event: { case: "end", value: { error: json, trailers: metadataOf(error.metadata) } } };
}

function metadataOf(headers: Headers) {
  return { entries: [...headers].map(([name, value]) => ({ name, value })) };
}

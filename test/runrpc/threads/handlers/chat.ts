import { type ChatRequest, ChatResponse_Kind } from "../../../gen/rig/chat/v1/chat_pb.ts";

/** Answers each message with itself. */
export async function* chat(requests: AsyncIterable<ChatRequest>) {
  for await (const { text } of requests) yield { kind: ChatResponse_Kind.RECEIPT, text };
}

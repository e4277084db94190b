import { fromJsonString, toJsonString } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type SendMessageRequest, SendMessageRequestSchema } from "../../../../gen/runrpc/web/v1/page_pb.ts";
import type { Peers } from "../../workers/peers.ts";
import { callEnded, processOf, type Sessions } from "./sessions.ts";

/** Sends a request of an open stream, to whichever process has that. @throws ConnectError */
export type Sending = (request: SendMessageRequest, keyId: string | undefined) => Promise<void>;

/** What processes ask each other about for it. */
const SEND = "page request";

/** What became of a request in another process: nothing, or why it was not taken in. */
type Sent = { readonly code: Code; readonly message: string } | Record<string, never>;

/** Has others send to the streams of this process as well. */
export function createSending(sessions: Sessions, peers: Peers): Sending {
  function sendHere({ session, number, request }: SendMessageRequest, keyId: string | undefined): void {
    const open = sessions.find(session, keyId);
    if (request.case === "end") open.requests.end(number);
    else if (request.case === "message") {
      const { value } = request;
      open.requests.add(number, Buffer.byteLength(value), () => open.read(value));
    }
  }

  function answer(text: string): Sent {
    const { keyId, request } = JSON.parse(text) as { readonly keyId?: string; readonly request: string };
    try {
      sendHere(fromJsonString(SendMessageRequestSchema, request), keyId);
      return {};
    } catch (reason) {
      const { code, rawMessage } = ConnectError.from(reason);
      return { code, message: rawMessage };
    }
  }
  peers.answer(SEND, (text) => JSON.stringify(answer(text)));

  return async (request, keyId) => {
    const name = processOf(request.session);
    if (name === peers.name) return sendHere(request, keyId);
    const text = JSON.stringify({ keyId, request: toJsonString(SendMessageRequestSchema, request) });
    const { answers, silent } = await peers.ask(SEND, text, { name });
    const [sent] = answers.map((one) => JSON.parse(one) as Sent);
    if (sent?.code !== undefined) throw new ConnectError(sent.message, sent.code);
    if (sent !== undefined) return;
    if (silent === 0) throw callEnded();
    throw new ConnectError("the worker that has the call did not answer", Code.Unavailable);
  };
}

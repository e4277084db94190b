import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { contextOf, createRequestStream, take } from "runrpc/testing";
import {
  type ChatRequest,
  ChatRequestSchema,
  ChatResponse_Kind,
  ChatService,
} from "../../../gen/chat/v1/chat_pb.ts";
import { createChatService } from "../../../src/services/chat/service.ts";
import { addUser, openTestStore, type TestStore } from "../fixture.ts";

const { method } = ChatService;
const { JOINED, RECEIPT, MESSAGE } = ChatResponse_Kind;
let db: TestStore;
let service: ReturnType<typeof createChatService>;
let userId: string;

before(async () => {
  db = await openTestStore();
  service = createChatService(db.queries.chat, db.wakeups);
  userId = await addUser(db.queries);
});

after(() => db[Symbol.asyncDispose]());

function call(signal?: AbortSignal) {
  const requests = createRequestStream<ChatRequest>();
  const responses = service
    .chat(requests, contextOf(method.chat, { subject: userId, signal }))
    [Symbol.asyncIterator]();
  return {
    say: (text: string, room = "") => requests.send(create(ChatRequestSchema, { room, text })),
    requests,
    responses,
  };
}

/** A call that is in the room, and says nothing. */
async function join(room: string, signal?: AbortSignal): Promise<ReturnType<typeof call>> {
  const chat = call(signal);
  chat.say("", room);
  const [joined] = await take(chat.responses, 1);
  assert.deepEqual([joined?.kind, joined?.room], [JOINED, room]);
  return chat;
}

async function heard(chat: ReturnType<typeof call>, count: number) {
  return (await take(chat.responses, count)).map(({ kind, text }) => [kind, text]);
}

function rejectsWith(chat: ReturnType<typeof call>, code: Code): Promise<void> {
  return assert.rejects(
    async () => chat.responses.next(),
    (error) => error instanceof ConnectError && error.code === code,
  );
}

test("a sender gets receipts in the order of its messages, with the ids and times of the stored ones", async () => {
  const chat = await join("order");
  const texts = Array.from({ length: 100 }, (_, index) => `m${index}`);
  for (const text of texts) chat.say(text);
  const receipts = await take(chat.responses, 100);
  assert.deepEqual(
    receipts.map(({ kind, text }) => [kind, text]),
    texts.map((text) => [RECEIPT, `Received: ${text}`]),
  );
  const ids = receipts.map(({ messageId }) => messageId ?? 0n);
  assert.deepEqual(
    ids,
    ids.toSorted((a, b) => Number(a - b)),
  );
  assert.ok(receipts.every(({ time, userId: by }) => (time?.seconds ?? 0n) > 0n && by === userId));
  await chat.responses.return?.();
});

test("a message goes to the others in the room, to nobody in another, and not back to its sender", async () => {
  const [sender, listener, stranger] = [await join("one"), await join("one"), await join("two")];
  sender.say("hello");
  assert.deepEqual(await heard(listener, 1), [[MESSAGE, "hello"]]);
  stranger.say("elsewhere");
  assert.deepEqual(await heard(stranger, 1), [[RECEIPT, "Received: elsewhere"]]);
  listener.say("hi");
  assert.deepEqual(await heard(sender, 2), [
    [RECEIPT, "Received: hello"],
    [MESSAGE, "hi"],
  ]);
});

test("a first message with text joins and speaks", async () => {
  const chat = call();
  chat.say("hi", "first");
  assert.deepEqual(await heard(chat, 2), [
    [JOINED, ""],
    [RECEIPT, "Received: hi"],
  ]);
});

test("a first message without a room is INVALID_ARGUMENT", async () => {
  const chat = call();
  chat.say("hi");
  await rejectsWith(chat, Code.InvalidArgument);
});

test("another room in a later message is INVALID_ARGUMENT; the same one is not", async () => {
  const chat = await join("stay");
  chat.say("a", "stay");
  assert.deepEqual(await heard(chat, 1), [[RECEIPT, "Received: a"]]);
  chat.say("b", "go");
  await rejectsWith(chat, Code.InvalidArgument);
});

test("a caller that ends its half gets its last receipts, then the end, and is out of the room", async () => {
  const [leaver, stayer] = [await join("half"), await join("half")];
  for (let index = 0; index < 50; index++) leaver.say(`m${index}`);
  leaver.requests.end();
  const responses = await take(leaver.responses, 1_000);
  assert.equal(responses.length, 50);
  assert.equal(responses.at(-1)?.text, "Received: m49");
  assert.equal((await heard(stayer, 50)).at(-1)?.[1], "m49");
  stayer.say("bye");
  assert.equal((await heard(stayer, 1)).at(-1)?.[1], "Received: bye");
});

test("a slow reader ends with RESOURCE_EXHAUSTED while the others hear everything", async () => {
  const [sender, slow, listener] = [await join("busy"), await join("busy"), await join("busy")];
  const count = 1_000;
  const sending = (async () => {
    for (let index = 0; index < count; index++) {
      sender.say(`m${index}`);
      await take(sender.responses, 1);
    }
  })();
  const texts = (await heard(listener, count)).map(([, text]) => text);
  await sending;
  assert.deepEqual(
    texts,
    Array.from({ length: count }, (_, index) => `m${index}`),
  );
  await rejectsWith(slow, Code.ResourceExhausted);
});

test("a sender that does not read its receipts is not listened to, and loses nothing", async () => {
  const chat = await join("flood");
  for (let index = 0; index < 2_000; index++) chat.say(`m${index}`);
  // It is read slowly: the store turns over several times for each receipt.
  for (let index = 0; index < 50; index++) {
    await db.store.ping();
    assert.deepEqual(await heard(chat, 1), [[RECEIPT, `Received: m${index}`]]);
  }
  assert.equal((await heard(chat, 1_950)).at(-1)?.[1], "Received: m1999");
});

test("a cancelled call ends with the reason of its signal and is out of the room", async () => {
  const cancel = new AbortController();
  const [gone, other] = [await join("cancel", cancel.signal), await join("cancel")];
  const next = gone.responses.next();
  const reason = new ConnectError("gone", Code.Canceled);
  cancel.abort(reason);
  await assert.rejects(async () => next, reason);
  other.say("anybody?");
  assert.deepEqual(await heard(other, 1), [[RECEIPT, "Received: anybody?"]]);
});

test("a request stream that breaks ends the call with its error", async () => {
  const chat = await join("broken");
  chat.requests.fail(new ConnectError("too long", Code.InvalidArgument));
  await rejectsWith(chat, Code.InvalidArgument);
});

test("a message that cannot be stored ends its sender's call, and nobody hears it", async () => {
  const listener = await join("gone user");
  const leaving = await addUser(db.queries);
  const requests = createRequestStream<ChatRequest>();
  const responses = service
    .chat(requests, contextOf(method.chat, { subject: leaving }))
    [Symbol.asyncIterator]();
  requests.send(create(ChatRequestSchema, { room: "gone user" }));
  await take(responses, 1);
  await db.queries.users.deleteUser({ id: leaving });
  requests.send(create(ChatRequestSchema, { text: "ghost" }));
  await assert.rejects(async () => responses.next(), { code: "failed_precondition" });
  listener.say("still here");
  assert.deepEqual(await heard(listener, 1), [[RECEIPT, "Received: still here"]]);
});

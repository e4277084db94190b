import { randomBytes } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { createRequestQueue, type RequestQueue, type TakenRequest } from "./request-queue.ts";
import type { ReadRequest } from "./request-reader.ts";

/** Streams that pages have open at a time, in the whole process. */
const MAX_SESSIONS = 100;

/** A stream that requests are sent to. */
export interface Session {
  /** The name of its process and 128 random bits. */
  readonly id: string;
  readonly requests: RequestQueue;
  readonly read: ReadRequest;
  close(): void;
}

export interface SessionOptions {
  readonly keyId: string | undefined;
  readonly read: ReadRequest;
  /** As for `createRequestQueue`. */
  readonly onTaken: TakenRequest;
}

export interface Sessions {
  /** @throws ConnectError `resource_exhausted` when there are too many. */
  add(opened: SessionOptions): Session;
  /** @throws ConnectError `not_found` for one that has ended, or is another key's. */
  find(id: string, keyId: string | undefined): Session;
}

/** @param process the name of this process, as of `Peers` */
export function createSessions(process: string): Sessions {
  const open = new Map<string, Session & { readonly keyId: string | undefined }>();
  return {
    add({ keyId, read, onTaken }) {
      if (open.size >= MAX_SESSIONS)
        throw new ConnectError(`${open.size} streams of pages are open, the maximum`, Code.ResourceExhausted);
      const id = `${process}.${randomBytes(16).toString("base64url")}`;
      const requests = createRequestQueue(onTaken);
      const session = { id, keyId, requests, read, close: () => void open.delete(id) };
      open.set(id, session);
      return session;
    },
    find(id, keyId) {
      const session = open.get(id);
      if (session === undefined || session.keyId !== keyId) throw callEnded();
      return session;
    },
  };
}

/** The name of the process that has a session. */
export function processOf(id: string): string {
  return id.slice(0, Math.max(0, id.indexOf(".")));
}

/** Nobody has the session. */
export function callEnded(): ConnectError {
  return new ConnectError("the call has ended", Code.NotFound);
}

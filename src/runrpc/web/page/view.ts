import type { Schema } from "./schema.ts";

/** One of the things that the page shows. It is made once and keeps what it has come to while another one is shown. */
export interface View {
  readonly element: HTMLElement;
  /** It is shown from here on. @param place what follows its name in the address, such as `users.v1.UserService/GetUser` */
  show(place: string): void;
  /** The schema is another one. */
  renew?(): void;
  /** Another one is. */
  hide(): void;
  /** Its key is gone. */
  close(): void;
}

/** What a view is made from. */
export interface ViewParts {
  /** What is served, as the page has learnt it last. */
  readonly schema: () => Schema;
  readonly key: () => string | undefined;
  /** A call has failed: the key may have ended, or the server. */
  readonly onFailure: () => void;
  /** The requests that were begun, as JSON, by the link of their method. */
  readonly drafts: Map<string, string>;
  /** Loads the page again, with what was typed. */
  readonly reload: () => void;
  /** Opens the form of a method, such as `users.v1.UserService/GetUser`, with a request. */
  readonly replay: (method: string, request: string) => void;
}

import { randomBytes } from "node:crypto";
import type { Registry } from "@bufbuild/protobuf";
import type { KeyStore } from "../server/auth/key-store.ts";
import type { Page } from "../web/page.ts";
import type { SignInOptions } from "../web/sign-in.ts";
import type { Peers } from "../workers/peers.ts";

export interface AppPageOptions {
  readonly hosts: readonly string[];
  /** Undefined: there is no link that signs in, as in production. */
  readonly signIn: SignInOptions | undefined;
  /** As for `createPage`. */
  readonly peers: Peers;
  /** As for `createPage`. */
  readonly contracts: (() => Promise<Registry | undefined>) | undefined;
  /** As for `createPage`. */
  readonly traceLink: string;
}

/** The page of an application. */
export interface AppPage {
  readonly page: Page;
  /** The application's keys, and the page's own. */
  keysOver(keys: KeyStore): KeyStore;
}

/** Loaded where it is asked for: a server without the page has none of its code. */
export async function openAppPage({ signIn: options, ...parts }: AppPageOptions): Promise<AppPage> {
  const [{ createPage }, { createSignIn }] = await Promise.all([
    import("../web/page.ts"),
    import("../web/sign-in.ts"),
  ]);
  const signIn = options === undefined ? undefined : createSignIn(options);
  return {
    page: createPage({ ...parts, signIn }),
    keysOver: (keys) => signIn?.keysOver(keys) ?? keys,
  };
}

/** What a server signs browsers in by: all of its processes have the same. */
export interface SignInSecret extends Pick<SignInOptions, "secret"> {
  /** As for `createSignIn`, for whoever asks in this process. */
  claim(): boolean;
}

export function createSignInSecret(): SignInSecret {
  let isClaimed = false;
  return {
    secret: randomBytes(32),
    claim() {
      if (isClaimed) return false;
      isClaimed = true;
      return true;
    },
  };
}

/**
 * Where the page is, on a server at this address; undefined for a Unix socket, which browsers do not reach.
 *
 * @param secret as for `createSignIn`; undefined where there is no link that signs in
 */
export async function pageLinkAt(url: string, secret: Uint8Array | undefined): Promise<string | undefined> {
  if (url.startsWith("unix:")) return undefined;
  const { PAGE_PATH } = await import("../web/answer-files.ts");
  if (secret === undefined) return `${url}${PAGE_PATH}`;
  const { signInToken } = await import("../web/sign-in.ts");
  return `${url}${PAGE_PATH}#token=${signInToken(secret)}`;
}

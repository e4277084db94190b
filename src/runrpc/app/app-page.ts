import type { Registry } from "@bufbuild/protobuf";
import type { KeyStore } from "../server/auth/key-store.ts";
import type { Page } from "../web/page.ts";

export interface AppPageOptions {
  readonly hosts: readonly string[];
  /** There is no link that signs in. */
  readonly production: boolean;
  /** The account that the page's key stands for. */
  readonly developer: () => Promise<string>;
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
  /** Where it is, on a server at this address; undefined for a Unix socket, which browsers do not reach. */
  linkAt(url: string): string | undefined;
}

/** Loaded where it is asked for: a server without the page has none of its code. */
export async function openAppPage(options: AppPageOptions): Promise<AppPage> {
  const { production, developer, hosts, contracts, traceLink } = options;
  const [{ createPage }, { createSignIn }, { PAGE_PATH }] = await Promise.all([
    import("../web/page.ts"),
    import("../web/sign-in.ts"),
    import("../web/answer-files.ts"),
  ]);
  const signIn = production ? undefined : createSignIn(developer);
  return {
    page: createPage({ hosts, signIn, contracts, traceLink }),
    keysOver: (keys) => signIn?.keysOver(keys) ?? keys,
    linkAt(url) {
      if (url.startsWith("unix:")) return undefined;
      return `${url}${PAGE_PATH}${signIn === undefined ? "" : `#token=${signIn.token}`}`;
    },
  };
}

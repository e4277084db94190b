import type { DescService } from "@bufbuild/protobuf";
import type { ClientOptions, ConnectedClient } from "../client.ts";

/** A key to make. */
export interface TestKeyOptions {
  /** Who it speaks for: an account's name or id, or any text where the application has no accounts. Default: the developer. */
  readonly user?: string | undefined;
  /** Default `["*"]`. */
  readonly scopes?: readonly string[] | undefined;
  /** Default: never. */
  readonly expiresAt?: Date | undefined;
}

/** An application under test, over a database of its own, as a caller sees it. It goes when it is disposed of. */
export interface TestCaller extends AsyncDisposable {
  /** May do everything, for the developer's account. */
  readonly key: string;
  /** The database file; on Postgres the URL without its password. */
  readonly file: string;
  /** Makes a key and gives it. */
  createKey(options?: TestKeyOptions): Promise<string>;
  /** Ends a key, by the key itself. Open calls are cancelled within `auth.key_lease_ms`. */
  revokeKey(key: string): Promise<void>;
  /** A typed client, with the key above unless another one is named, and without retries. */
  client<S extends DescService>(service: S, options?: ClientOptions): ConnectedClient<S>;
}

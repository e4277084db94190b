import type { LoadedConfig } from "../config.ts";

/** A server that runs. */
export interface RunningApp {
  /** Such as `http://[::]:50051`, with the real port. */
  readonly url: string;
  /** True when the database was made by this start. */
  readonly created: boolean;
  /** The key that was made with the database, to be shown this once. Undefined otherwise, and in production. */
  readonly developmentKey?: string | undefined;
  /** A unary method that answers `{}`, such as `users.v1.UserService/ListUsers`, for the line that says what to try. */
  readonly exampleMethod?: string | undefined;
  /** Ends open calls in order and closes everything; resolves when the process may exit. */
  drain(): Promise<void>;
}

/** What is known of a key. The key itself is not among it. */
export interface KeyInfo {
  readonly keyId: string;
  readonly userId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly lastUsedAt: Date | undefined;
  readonly useCount: number;
}

/** A key that was just made, to be shown this once. */
export interface IssuedKey extends KeyInfo {
  readonly key: string;
}

/** The table of keys, open. */
export interface KeyAdmin {
  /** `user` is an id or an email. Rejects when there is no such user. */
  create(input: {
    readonly user: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly expiresAt: Date | undefined;
  }): Promise<IssuedKey>;
  list(): Promise<readonly KeyInfo[]>;
  /** Rejects when there is no such key. */
  revoke(keyId: string): Promise<KeyInfo>;
  /** Makes a key like the old one, which goes on working for `graceMs`. Rejects when there is no such key. */
  rotate(keyId: string, options: { readonly graceMs: number }): Promise<IssuedKey>;
  close(): Promise<void>;
}

/** What the commands need of `src/main.ts`. */
export interface AppModule {
  startApp(loaded: LoadedConfig): Promise<RunningApp>;
  openKeys(loaded: LoadedConfig): Promise<KeyAdmin>;
  /** Resolves to the names of the migrations that were applied; empty when the database was up to date. */
  migrateDatabase(loaded: LoadedConfig): Promise<{ readonly applied: readonly string[] }>;
}

/** Imports the composition root when a command needs it, so that `--help` does not load the server. */
export async function loadApp(): Promise<AppModule> {
  const place = "../main.ts";
  return (await import(place)) as AppModule;
}

import type { Interceptor } from "@connectrpc/connect";
import type { MessageCodec } from "../codec/message-codec.ts";
import type { StartChore } from "../data/chore.ts";
import type { QueryModule, QueryModules } from "../data/query.ts";
import type { Queries } from "../data/query-proxy.ts";
import type { Authenticate } from "../server/auth/identity.ts";
import type { MapError } from "../server/errors.ts";
import type { ServerLog } from "../server/log.ts";
import type { ServiceDefinition } from "../server/routes/service.ts";
import type { Wakeups } from "../streams/wakeup.ts";
import { checkDefinition, type OptionType } from "./check-definition.ts";

/** What an application is made of: the default export of its `main.ts`, which the `runrpc` command loads. */
export interface AppDefinition<M extends QueryModules = QueryModules> {
  /** The services, made once at the start from what they need. */
  readonly services: (parts: AppParts<M>) => readonly ServiceDefinition[];
  /**
   * The file that exports the application's queries as `modules` and calls `serveQueries` with them:
   * `new URL("./worker.ts", import.meta.url)`. Default: the application has none.
   */
  readonly worker?: URL | undefined;
  /**
   * The folder that `runrpc migration` writes the application's migrations into, and `postgres/` inside of it those of
   * Postgres. Default: it has no tables.
   */
  readonly migrations?: URL | undefined;
  /**
   * Who keys can be made for. Default: a key's subject is the text that `runrpc keys create --user` names, as it is.
   */
  readonly accounts?: ((parts: AppParts<M>) => Accounts) | undefined;
  /** The application's own way to tell who calls, in place of API keys or before them. Default: there are API keys alone. */
  readonly authenticate?: ((parts: AppParts<M>) => Authenticate) | undefined;
  /** Run around every handler, the first outermost, after the request was validated. Default: none. */
  readonly interceptors?: ((parts: AppParts<M>) => readonly Interceptor[]) | undefined;
  /**
   * What `buf generate` writes into `gen/codecs.ts`, to read and write messages with. A message without a codec is read and
   * written by protobuf-es, which takes several times as long. Default: none has one.
   */
  readonly codecs?: readonly MessageCodec[] | undefined;
  /** Gives errors of the application a code. Asked before the store's own errors are mapped. Default: none has one. */
  readonly mapError?: MapError | undefined;
}

/** What the parts of an application are made from. */
export interface AppParts<M extends QueryModules> {
  /** Every query of the application, as async functions. */
  readonly queries: Queries<M>;
  /** Starts work that goes on behind all other writes. */
  readonly chore: StartChore;
  /** Wake streams when something was written, in every process that shares the database. */
  readonly wakeups: Wakeups;
  /** The server's own log. */
  readonly log: ServerLog;
}

/** How keys find the accounts of an application. A key's subject is an account's id. */
export interface Accounts {
  /** The id of the account that a text names, such as its id or its email; rejects where there is none. */
  find(name: string): Promise<string>;
  /** Makes an account with this name and gives its id; rejects where there is one, or where the name is no good. */
  create(name: string): Promise<string>;
  /** What people know the account with this id by, such as its email, for lists; undefined where there is none. Default: its id. */
  name?(id: string): Promise<string | undefined>;
  /** The id of the account that owns the development key, which is made where there is none. */
  developer(): Promise<string>;
}

/** An application that says of no queries what they are: `defineApp<Modules>` does. */
type NoModules = Record<never, QueryModule>;

const OPTIONS = {
  services: "a function",
  worker: 'a URL: new URL("./worker.ts", import.meta.url)',
  migrations: 'a URL: new URL("./services/migrations/", import.meta.url)',
  accounts: "a function",
  authenticate: "a function",
  interceptors: "a function",
  codecs: "a list",
  mapError: "a function",
} as const satisfies Record<keyof AppDefinition, OptionType>;

/**
 * Defines an application. `M` is the type of what its worker serves, without which it has no queries:
 *
 *     export default defineApp<Modules>({
 *       services: ({ queries }) => [defineService(UserService, createUserService(queries.users))],
 *       worker: new URL("./worker.ts", import.meta.url),
 *       migrations: new URL("./services/migrations/", import.meta.url),
 *     });
 *
 * @throws Error for an option that there is not, and one that is of another type.
 */
export function defineApp<M extends QueryModules = NoModules>(
  definition: AppDefinition<M>,
): AppDefinition<M> {
  checkDefinition(definition, OPTIONS);
  return definition;
}

import type { Message } from "@bufbuild/protobuf";
import type { Config } from "../../../gen/runrpc/config/v1/config_pb.ts";

/** Values from the command line by path: a text as it was typed, several for a list, or a switch. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[]>>;

/** Environment variables by name. `process.env` is one. The named ones are read by their own names. */
export interface Environment {
  readonly [name: string]: string | undefined;
  readonly NODE_ENV?: string | undefined;
  readonly PORT?: string | undefined;
  readonly RUNRPC_CONFIG?: string | undefined;
  readonly RUNRPC_KEY?: string | undefined;
  readonly RUNRPC_ADDRESS?: string | undefined;
  /** Set by `node --watch` for the program that it runs. */
  readonly WATCH_REPORT_DEPENDENCIES?: string | undefined;
}

/** A whole configuration: every group is there, and every value is an own property that `{...group}` copies. */
export type ResolvedConfig = Config & {
  readonly [G in Exclude<keyof Config, keyof Message>]-?: NonNullable<Config[G]>;
};

/** Where values are looked for. */
export interface ConfigOptions {
  /** Values from the command line by path, such as `server.port`. Default: none. */
  readonly flags?: FlagValues;
  /** Default: none; pass `processEnvironment()` for that of the process. */
  readonly env?: Environment;
  /** The file that `--config` names. Default: `RUNRPC_CONFIG`, else `runrpc.yaml` in the folder if it is there. */
  readonly file?: string | undefined;
  /** The folder that file names are relative to. Default: the working directory. */
  readonly folder?: string;
}

/** What `loadConfig` found. */
export interface LoadedConfig {
  readonly config: ResolvedConfig;
  /**
   * Where each value came from, by path: `flag --port`, `environment RUNRPC_PORT`, `file runrpc.yaml` or
   * `default`, or `default in production` where that is another one. Every path is there, in the order of the schema.
   */
  readonly sources: ReadonlyMap<string, string>;
  /** The file that was read, by the name it was given, or undefined when there was none. */
  readonly file: string | undefined;
  /** True when NODE_ENV is `production`. */
  readonly production: boolean;
}

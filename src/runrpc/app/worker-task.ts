import { fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ConfigSchema } from "../../../gen/runrpc/config/v1/config_pb.ts";
import type { LoadedConfig, ResolvedConfig } from "../config/config.ts";

/** What a worker is to serve. */
export interface WorkerTask extends Pick<LoadedConfig, "config" | "production"> {
  /** The file that exports the application. */
  readonly main: string;
  /** The socket of the process that writes the SQLite file; undefined on Postgres. */
  readonly writer: string | undefined;
  /** Of TLS, in hexadecimal digits: see `HandedSockets.ticketKeys`. */
  readonly ticketKeys: string;
  /** Of the page, in hexadecimal digits: see `createSignIn`. */
  readonly pageSecret: string;
}

/** As it is sent. The primary has read the configuration, so that a file that changes later makes no worker unlike the others. */
export function jsonOfTask({ config, ...task }: WorkerTask): unknown {
  return { ...task, config: toJson(ConfigSchema, config) };
}

/** As `jsonOfTask` has made it. */
export function taskFromJson(json: unknown): WorkerTask {
  const { config, ...task } = json as Omit<WorkerTask, "config"> & { readonly config: JsonValue };
  return { ...task, config: fromJson(ConfigSchema, config) as ResolvedConfig }; // every value is in the JSON
}

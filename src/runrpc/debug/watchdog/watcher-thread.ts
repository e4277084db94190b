// The watcher's thread.
import { Session } from "node:inspector";
import { runInThread } from "./run-in-thread.ts";
import { watchMainThread } from "./watcher.ts";

runInThread(Session, watchMainThread);

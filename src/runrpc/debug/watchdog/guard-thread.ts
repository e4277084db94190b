// The guard's thread.
import { Session } from "node:inspector";
import { guardMainThread } from "./guard.ts";
import { runInThread } from "./run-in-thread.ts";

runInThread(Session, guardMainThread);

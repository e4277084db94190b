// The handlers of the service as a module for threads.
import { handlers } from "./handlers.ts";

export const create = () => handlers;

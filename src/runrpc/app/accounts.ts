import type { Accounts } from "./define-app.ts";

/** The accounts of an application that has none: a key's subject is the text that it was made for. */
export const noAccounts: Accounts = {
  find: async (name) => name,
  create: async (name) => name,
  developer: async () => "developer",
};

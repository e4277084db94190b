import { randomUUID } from "node:crypto";
import { type Accounts, DataError } from "runrpc";
import type { RigQueries } from "./queries.ts";

/** The user that owns the development key. */
export const developer = {
  id: "00000000-0000-4000-8000-000000000001",
  email: "dev@localhost",
  displayName: "Developer",
} as const;

/** Users as the owners of API keys: found by id or email, made by email. */
export function createAccounts(queries: RigQueries): Accounts {
  return {
    async find(name) {
      const byEmail = await queries.findUserByEmail({ email: name });
      return (byEmail ?? (await queries.getUser({ id: name }))).id;
    },
    async create(email) {
      const user = { id: randomUUID(), email, displayName: email, at: new Date() };
      return (await queries.createUser(user)).id;
    },
    async name(id) {
      try {
        return (await queries.getUser({ id })).email;
      } catch (error) {
        if (error instanceof DataError && error.code === "not_found") return undefined;
        throw error;
      }
    },
    async developer() {
      const known = await queries.findUserByEmail({ email: developer.email });
      return (known ?? (await queries.createUser({ ...developer, at: new Date() }))).id;
    },
  };
}

import { DataError } from "./data-error.ts";

/**
 * Loads what speaks to Postgres, where it is used. The driver is no dependency of the package: throws `failed_precondition`
 * that says so where it is missing.
 */
export async function loadPostgres<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!isMissing || !/package 'pg'/.test(error.message)) throw error;
    throw new DataError("failed_precondition", "Postgres needs the package pg: npm install pg@8.23.1", {
      cause: error,
    });
  }
}

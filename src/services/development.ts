/**
 * The user that owns the development key of a database that was just made. The id is the same everywhere, so that it
 * can be told from a real one at a glance.
 */
export const developmentUser = {
  id: "00000000-0000-4000-8000-000000000001",
  email: "dev@localhost",
  displayName: "Developer",
} as const;

/** What the development key is called, and what it may do. */
export const developmentKey = { label: "development", scopes: ["*"] } as const;

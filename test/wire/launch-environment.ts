/** What src/runrpc/launch.js starts a server with, for servers that are started without it. */
export const launchEnvironment = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "2097152",
  MALLOC_TRIM_THRESHOLD_: "4194304",
} as const;

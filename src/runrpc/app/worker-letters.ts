/** What the processes of one application ask and tell each other about. */
export const ABOUT = {
  /** Asked of a worker: its own. Asked of the primary: those of all. Told by a worker at its end. */
  metrics: "metrics",
  /** Asked of a worker: the key that it has made; empty where there are keys. */
  developmentKey: "development key",
  /** Asked of a worker, in debug mode: its open calls as JSON. */
  openCalls: "open calls",
  /** Asked of the primary: what workers answer to the question in the text, which is `ToPeers` as JSON. */
  peers: "peers",
  /** Asked of the primary: its contracts, as `textOfContracts` gives them. */
  contracts: "contracts",
  /** Asked of the primary: `yes` for the first who asks, who may trade the token of the page. */
  claimSignIn: "claim sign-in",
  /** Told by a worker, and to the first one: there may be something to do for the chore of this name. */
  wakeChore: "wake chore",
} as const;

/** How long answers are waited for, in milliseconds: that of one worker, and those of all. */
export const ANSWER_TIMEOUT_MS = { one: 1_000, all: 5_000 } as const;

/** How long contracts are waited for, which buf has to read, in milliseconds. */
export const CONTRACTS_TIMEOUT_MS = 60_000;

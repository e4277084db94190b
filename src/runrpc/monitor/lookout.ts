import type { Peers } from "../workers/peers.ts";
import { LAST_LOOK } from "./last-looks.ts";
import { type Look, type Looker, type LookRequest, lookFromText, textOfLook } from "./look.ts";

/** Looks at all processes that serve the port. */
export interface Lookout {
  look(request: LookRequest): Promise<Looks>;
  /** This watcher looks no more. */
  leave(watcher: string): void;
}

/** What all processes tell of themselves at one moment. */
export interface Looks {
  readonly looks: readonly Look[];
  /** How many workers did not answer in time. */
  readonly silent: number;
}

/** What processes ask each other about for it. */
export const LOOK = "look";
const LEAVE = "leave";

/** How long the first look of a watcher waits for the database's health, in milliseconds: less than answers are waited for. */
const HEALTH_MS = 800;

/** Makes it, and has others look at this process. */
export function createLookout(looker: Looker, peers: Peers): Lookout {
  peers.answer(LOOK, async (text) =>
    textOfLook(await looker.look(JSON.parse(text) as LookRequest, AbortSignal.timeout(HEALTH_MS))),
  );
  peers.answer(LEAVE, (watcher) => {
    looker.leave(watcher);
    return "";
  });
  peers.leave(LAST_LOOK, looker.lastLook);
  return {
    async look(request) {
      const { answers, silent } = await peers.ask(LOOK, JSON.stringify(request));
      return { looks: latestOfEach(answers.map(lookFromText)), silent };
    },
    // Who does not hear it forgets the watcher in time.
    leave: (watcher) => void peers.ask(LEAVE, watcher).catch(() => {}),
  };
}

/** A process that ends may have answered, and left its last look besides. */
function latestOfEach(looks: readonly Look[]): readonly Look[] {
  const inOrder = looks.toSorted((one, other) => one.next - other.next);
  return [...new Map(inOrder.map((look) => [look.from, look])).values()];
}

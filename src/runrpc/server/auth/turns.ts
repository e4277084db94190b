import type { ConnectError } from "@connectrpc/connect";
import { tooManyLookups } from "./refusal.ts";

/**
 * Who may look a key up next. A key that nothing vouches for yet may be good or one of a flood of invented ones, and
 * only the look-up tells, so that none is refused for the others' sake: each waits for its turn.
 */
export interface Turns {
  /**
   * Gives a turn, at once or when it comes; `end` of it is to be called when the look-up is done.
   *
   * @param network whom the look-up is counted for: the client's address, or its network
   * @param line what waits apart within that network: a connection, so that a flood on one does not hold up the others
   * @param call leaves its line when it is cancelled
   * @throws ConnectError (or a promise that rejects with it): `resource_exhausted` when the line is full, or the reason
   *   of the cancel.
   */
  enter(network: string, line: unknown, call: Waiting | undefined): Turn | Promise<Turn>;
  /** Rejects all who wait. */
  close(reason: Error): void;
  /** What is kept at this moment: networks, and calls in line. */
  stats(): { readonly networks: number; readonly waiting: number; readonly asked: number };
}

export interface Turn {
  /** `isGood`: the key was one, and its turn does not count. */
  end(isGood: boolean): void;
}

/** What waits, as far as it matters here. */
export interface Waiting {
  onCancel(listener: (reason: ConnectError) => void): () => void;
}

export interface TurnsOptions {
  /** Look-ups of one network in a second that find no good key. A tenth of it may come at once. */
  readonly perSecond: number;
  /** Milliseconds of any clock. */
  readonly now: () => number;
  /** Calls in line in all networks: each line may hold its share of it. Default 10,000. */
  readonly maxWaiting?: number;
  /** Networks kept; past it the one that came first is forgotten, if nobody waits in it. Default 10,000. */
  readonly maxNetworks?: number;
  /** Look-ups under way in the whole process. Default 1,000, which the store takes in one question. */
  readonly maxAsked?: number;
}

interface Ticket {
  readonly network: Network;
  readonly resolve: (turn: Turn) => void;
  readonly reject: (reason: Error) => void;
  /** Takes the listener off the call. */
  forget: () => void;
}

interface Network {
  readonly name: string;
  /** Turns that may be given at once. */
  tokens: number;
  refilledAt: number;
  asked: number;
  /** In the order in which they are served next. */
  readonly lines: Map<unknown, Set<Ticket>>;
}

/** How often networks without turns are looked at, in milliseconds, while somebody waits. */
const REFILL_MS = 10;

/**
 * Makes the turns: a token bucket for each network, and behind it lines that are served in rotation, as are the
 * networks. A client that waits alone on its connection has its turn after one of each other connection of its
 * network. What waits is bounded by lines that may hold an equal share of all room each, at least one call: a flood
 * fills its own lines alone.
 */
export function createTurns(options: TurnsOptions): Turns {
  const { perSecond, now, maxWaiting = 10_000, maxNetworks = 10_000, maxAsked = 1_000 } = options;
  const capacity = Math.max(1, Math.floor(perSecond / 10));
  const networks = new Map<string, Network>();
  /** Networks in which somebody waits: with turns to give, in the order of rotation, and without. */
  const ready = new Set<Network>();
  const dry = new Set<Network>();
  let lines = 0;
  let waiting = 0;
  let asked = 0;
  let timer: NodeJS.Timeout | undefined;

  function networkFor(name: string): Network {
    const known = networks.get(name);
    if (known !== undefined) return known;
    if (networks.size >= maxNetworks) forgetOldest();
    const network: Network = { name, tokens: capacity, refilledAt: now(), asked: 0, lines: new Map() };
    networks.set(name, network);
    return network;
  }

  /** Whoever has a network forgotten to fill its bucket again must bring in `maxNetworks` others first. */
  function forgetOldest(): void {
    for (const network of networks.values()) {
      if (network.lines.size > 0 || network.asked > 0) continue;
      networks.delete(network.name);
      return;
    }
  }

  function refill(network: Network): void {
    const time = now();
    if (time < network.refilledAt) network.refilledAt = time; // the clock was set back
    const tokens = network.tokens + ((time - network.refilledAt) * perSecond) / 1000;
    // Parts of a turn are not added up, so that none is lost to rounding.
    if (tokens < 1) return;
    network.tokens = Math.min(capacity, tokens);
    network.refilledAt = time;
  }

  function give(network: Network): Turn {
    network.tokens--;
    network.asked++;
    asked++;
    let isOver = false;
    return {
      end(isGood) {
        if (isOver) return;
        isOver = true;
        network.asked--;
        asked--;
        if (isGood) network.tokens = Math.min(capacity, network.tokens + 1);
        if (network.tokens >= 1 && dry.delete(network)) ready.add(network);
        serve();
        if (network.lines.size === 0 && network.asked === 0 && network.tokens >= capacity)
          networks.delete(network.name);
      },
    };
  }

  /** Gives what turns there are, one to each network in rotation. */
  function serve(): void {
    for (const network of ready) {
      if (asked >= maxAsked) break;
      ready.delete(network);
      const ticket = next(network);
      if (ticket !== undefined) ticket.resolve(give(network));
      if (network.lines.size === 0) continue;
      // Put back at the end: the loop comes to it again after the others.
      if (network.tokens >= 1) ready.add(network);
      else dry.add(network);
    }
    if (dry.size > 0) timer ??= setTimeout(wake, REFILL_MS).unref();
  }

  function wake(): void {
    timer = undefined;
    for (const network of dry) {
      refill(network);
      if (network.tokens < 1) continue;
      dry.delete(network);
      ready.add(network);
    }
    serve();
  }

  /** The first of the line that is next, which goes to the end of the rotation. */
  function next(network: Network): Ticket | undefined {
    for (const [name, line] of network.lines) {
      for (const ticket of line) {
        leave(network, name, ticket);
        if (network.lines.delete(name)) network.lines.set(name, line);
        return ticket;
      }
    }
    return undefined;
  }

  function leave(network: Network, name: unknown, ticket: Ticket): void {
    const line = network.lines.get(name);
    if (line?.delete(ticket) !== true) return;
    ticket.forget();
    waiting--;
    if (line.size > 0) return;
    network.lines.delete(name);
    lines--;
    if (network.lines.size > 0) return;
    ready.delete(network);
    dry.delete(network);
  }

  function queue(network: Network, name: unknown, call: Waiting | undefined): Promise<Turn> {
    let line = network.lines.get(name);
    if (line === undefined) {
      line = new Set();
      network.lines.set(name, line);
      lines++;
    } else if (line.size >= Math.max(1, Math.floor(maxWaiting / lines))) throw tooManyLookups();
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const ticket: Ticket = { network, resolve, reject, forget: nothing };
    line.add(ticket);
    waiting++;
    (network.tokens >= 1 ? ready : dry).add(network);
    if (call !== undefined) {
      ticket.forget = call.onCancel((reason) => {
        leave(network, name, ticket);
        reject(reason);
      });
    }
    serve();
    return promise;
  }

  return {
    enter(name, line, call) {
      const network = networkFor(name);
      refill(network);
      if (network.lines.size === 0 && network.tokens >= 1 && asked < maxAsked) return give(network);
      return queue(network, line, call);
    },
    close(reason) {
      clearTimeout(timer);
      for (const network of networks.values()) {
        for (const line of network.lines.values()) for (const ticket of line) reject(ticket, reason);
        network.lines.clear();
      }
      ready.clear();
      dry.clear();
      lines = 0;
      waiting = 0;
    },
    stats: () => ({ networks: networks.size, waiting, asked }),
  };
}

function reject(ticket: Ticket, reason: Error): void {
  ticket.forget();
  ticket.reject(reason);
}

function nothing(): void {}

/**
 * Which server to try next, and after which pause. The servers are shuffled once, so that clients
 * spread over the ensemble, and tried in turn. While a round of attempts goes on there is hardly a
 * pause: another server may well be there. Each whole round that fails doubles the pause, up to a
 * limit; chance takes away up to half of it, so that clients that lost the same server do not come
 * back at the same moment.
 */
import { assertDefined, randomInt } from "../base/index.ts";
import type { Random } from "../base/index.ts";
import type { ServerAddress } from "./connect-string.ts";

/** Pauses between attempts to connect. */
export interface BackoffOptions {
  /** After the first round that failed. */
  readonly backoffMs: number;
  /** The longest pause. */
  readonly backoffMsMax: number;
}

/** One attempt to make. */
export interface Attempt {
  readonly server: ServerAddress;
  /** How long to wait before it. */
  readonly delayMs: number;
}

/** Longest pause within a round. */
const inRoundMsMax = 20;

/** The servers of a connection string, in the order of attempts. */
export class ServerList {
  readonly #servers: ServerAddress[];
  readonly #random: Random;
  readonly #backoff: BackoffOptions;
  #next = 0;
  #failures = 0;

  /** @param servers at least one. */
  constructor(servers: readonly ServerAddress[], random: Random, backoff: BackoffOptions) {
    this.#servers = shuffled(servers, random);
    this.#random = random;
    this.#backoff = backoff;
  }

  get size(): number {
    return this.#servers.length;
  }

  /** The next attempt; counts as failed until `succeeded` is called. */
  next(): Attempt {
    const server = assertDefined(this.#servers[this.#next], "Server list is empty");
    this.#next = (this.#next + 1) % this.#servers.length;
    const delayMs = this.#delayMs();
    this.#failures += 1;
    return { server, delayMs };
  }

  /** The last attempt led to a session: the next one begins without a pause again. */
  succeeded(): void {
    this.#failures = 0;
  }

  #delayMs(): number {
    if (this.#failures === 0) return 0;
    const rounds = Math.floor(this.#failures / this.#servers.length);
    if (rounds === 0) return randomInt(this.#random, 0, inRoundMsMax + 1);
    const doubled = this.#backoff.backoffMs * 2 ** Math.min(rounds - 1, 30);
    const wholeMs = Math.min(doubled, this.#backoff.backoffMsMax);
    const withJitterMs = Math.round(wholeMs * (1 - this.#random.next() / 2));
    // Only the start of a round waits for long; within it the other servers are tried at once.
    const isRoundStart = this.#failures % this.#servers.length === 0;
    return isRoundStart ? withJitterMs : Math.min(withJitterMs, inRoundMsMax);
  }
}

function shuffled(servers: readonly ServerAddress[], random: Random): ServerAddress[] {
  const result = [...servers];
  for (let index = result.length - 1; index > 0; index--) {
    const other = randomInt(random, 0, index + 1);
    [result[index], result[other]] = [result[other]!, result[index]!];
  }
  return result;
}

/**
 * What several clients do to a server, from a seed: one after another sends requests, alone or
 * some at once, loses its connection and takes its session up again, or closes its session and
 * opens another. One client at a time, so that two servers must do the same.
 */
import { randomInt, seededRandom } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { weighted } from "./random-choices.ts";
import { quotaParents, randomRequest } from "./random-requests.ts";
import type { RandomRequest, RequestOptions } from "./random-requests.ts";

/** How many sessions there are at any time. */
export const SESSIONS = 3;

/** What one client does before the next one has its turn. */
export interface Operation {
  /** Who, in [0, {@link SESSIONS}). */
  readonly session: number;
  /** Requests that are sent at once, or what happens instead. */
  readonly action: readonly RandomRequest[] | "reconnect" | "new session";
}

/** `count` operations, the same for the same seed. */
export function randomOperations(
  seed: number,
  count: number,
  options: RequestOptions = {},
): Operation[] {
  const random = seededRandom(seed);
  const prepared = options.hasQuotas === true ? quotaParents() : [];
  const first = prepared.map((request) => ({ session: 0, action: [request] }));
  const rest = Array.from({ length: Math.max(0, count - first.length) }, () => ({
    session: weighted(random, [
      [3, 0],
      [2, 1],
      [1, 2],
    ]),
    action: weighted<(random: Random) => Operation["action"]>(random, [
      [87, (source) => [randomRequest(source, options)]],
      [10, (source) => severalAtOnce(source, options)],
      [1, () => "reconnect"],
      [2, () => "new session"],
    ])(random),
  }));
  return [...first, ...rest];
}

/** For people. */
export function textOf({ session, action }: Operation): string {
  const text = typeof action === "string" ? action : action.map(({ text }) => text).join(" + ");
  return `session ${session}: ${text}`;
}

function severalAtOnce(random: Random, options: RequestOptions): RandomRequest[] {
  const requests = Array.from({ length: randomInt(random, 2, 7) }, () =>
    randomRequest(random, options),
  );
  return requests.filter(({ isAlone }) => !isAlone);
}

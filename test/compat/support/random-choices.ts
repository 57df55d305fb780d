/** How random requests choose among the values that there are. */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { badPaths, madePaths, moreBadPaths, paths, systemPaths } from "./request-values.ts";

export function anyPath(random: Random): string {
  const choices = weighted(random, [
    [20, paths],
    [3, madePaths],
    [2, systemPaths],
    [1, badPaths],
    [0.5, moreBadPaths],
  ]);
  return pick(random, choices);
}

export function writablePath(random: Random): string {
  return pick(random, random.next() < 0.9 ? paths : ["/", ...madePaths, ...badPaths]);
}

/** @throws RangeError for no choices. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  if (choices.length === 0) throw new RangeError("Nothing to pick from");
  return choices[randomInt(random, 0, choices.length)] as T;
}

export function weighted<T>(random: Random, choices: readonly (readonly [weight: number, T])[]): T {
  let at = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    at -= weight;
    if (at < 0) return choice;
  }
  return pick(random, choices)[1];
}

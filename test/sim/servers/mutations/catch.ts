/** Looks for the first seed that notices a planted defect. */
import { runSeeds } from "../run-seeds.ts";
import type { Mutation } from "./mutation.ts";

export interface Catch {
  /** How many seeds it took. */
  readonly seeds: number;
  /** The rule that was found broken. */
  readonly rule: string;
}

/** @returns undefined when none of the first `seedsMax` seeds notices. */
export async function catchMutation(
  { edits, override }: Mutation,
  seedsMax: number,
): Promise<Catch | undefined> {
  const seeds = Array.from({ length: seedsMax }, (_, index) => index + 1);
  const results = await runSeeds({ seeds, edits, override, isFirstEnough: true });
  const last = results.at(-1);
  if (last?.failure === undefined) return undefined;
  return { seeds: results.length, rule: last.failure.rule };
}

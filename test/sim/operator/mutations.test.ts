/**
 * Tests of the simulation of the operator: one that lacks a precaution must be noticed within a few
 * seeds, and by a rule that the precaution is for.
 */
import { expect, it } from "vitest";
import { Violation } from "../violation.ts";
import { defects } from "./defects.ts";
import type { Defect } from "./defects.ts";
import { runSimulation } from "./simulation.ts";

const SEEDS_MAX = 300;

/** The rules that are found broken, until one of the expected ones is among them. */
function brokenRules({ rules, ...defect }: Defect): string[] {
  const broken: string[] = [];
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    try {
      runSimulation({ ...defect, seed });
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      broken.push(error.rule);
      if (rules.includes(error.rule)) return broken;
    }
  }
  return broken;
}

it.each(defects)("an operator that $name is noticed", (defect) => {
  expect(defect.rules).toContain(brokenRules(defect).at(-1));
});

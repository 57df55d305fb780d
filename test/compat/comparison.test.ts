/** The comparison of servers itself: that it finds a difference, and all that it takes. */
import { expect, test } from "vitest";
import { Comparison, describeDifference } from "./support/comparison.ts";
import type { Difference, Performer } from "./support/comparison.ts";
import { randomOperations, textOf } from "./support/random-operations.ts";
import type { Operation } from "./support/random-operations.ts";

/** Says `different` to the last of `needed`, once it has been asked all of them in a run. */
class Forgetful implements Performer {
  readonly #needed: readonly Operation[];
  #seen = new Set<Operation>();

  constructor(needed: readonly Operation[] = []) {
    this.#needed = needed;
  }

  async begin(): Promise<void> {
    this.#seen = new Set();
  }

  async perform(operation: Operation): Promise<string[]> {
    this.#seen.add(operation);
    const isLast = operation === this.#needed.at(-1);
    const hasAll = this.#needed.every((each) => this.#seen.has(each));
    return [isLast && hasAll ? "different" : "the same"];
  }

  async end(): Promise<void> {
    // Nothing to give back.
  }
}

test("run() finds no difference between servers that say the same", async () => {
  const comparison = new Comparison(new Forgetful(), new Forgetful());
  expect(await comparison.run(randomOperations(1, 100))).toBeUndefined();
});

test("shorten() leaves exactly what the difference needs", async () => {
  const operations = randomOperations(2, 500);
  const needed = [3, 77, 78, 301, 450].map((index) => operations[index]!);
  const comparison = new Comparison(new Forgetful(), new Forgetful(needed));
  const found = (await comparison.run(operations)) as Difference;
  expect(found.operations).toHaveLength(451);
  const shortest = await comparison.shorten(found, 10_000);
  expect(shortest.operations).toEqual(needed);
  expect(describeDifference(shortest)).toContain(`5. ${textOf(needed[4]!)}`);
});

test("shorten() gives what it has when its time is over", async () => {
  const operations = randomOperations(3, 50);
  const comparison = new Comparison(new Forgetful(), new Forgetful(operations.slice(-1)));
  const found = (await comparison.run(operations)) as Difference;
  expect((await comparison.shorten(found, 0)).operations).toHaveLength(50);
});

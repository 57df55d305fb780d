/**
 * Whole servers under simulation: many seeds, each an ensemble of its own kind with faults of its
 * own kind. A failure names the seed and the command that repeats it. More seeds than the build has
 * time for: `npm run sim -- --seeds 100000`.
 */
import { expect, test } from "vitest";
import { optionsOf } from "./options.ts";
import { runSeeds } from "./run-seeds.ts";
import type { RunResult } from "./simulation.ts";

const blocks = 10;
const seedsPerBlock = 200;

/** Two threads: as many as the build has cores. */
async function runBlock(first: number): Promise<RunResult[]> {
  const all = Array.from({ length: seedsPerBlock }, (_, index) => first + index);
  const halves = [0, 1].map((half) => all.filter((seed) => seed % 2 === half));
  const results = await Promise.all(halves.map((seeds) => runSeeds({ seeds })));
  return results.flat();
}

function describeFailure({ seed, failure }: RunResult): string {
  const repeat = `npm run sim -- --seed ${seed} --verbose`;
  return `seed ${seed}: ${failure?.message}\n  ${repeat}\n  ${JSON.stringify(optionsOf(seed))}`;
}

for (let block = 0; block < blocks; block++) {
  const first = block * seedsPerBlock + 1;
  test(`seeds ${first} to ${first + seedsPerBlock - 1} keep all promises`, async () => {
    const results = await runBlock(first);
    const failed = results.filter(({ failure }) => failure !== undefined);
    expect(failed.map(describeFailure)).toEqual([]);
    expect(results).toHaveLength(seedsPerBlock);
    // A simulation in which nothing happens would keep all promises, too.
    const sum = (of: (result: RunResult) => number): number =>
      results.reduce((total, result) => total + of(result), 0);
    expect(sum(({ decided }) => decided)).toBeGreaterThan(seedsPerBlock * 50);
    expect(sum(({ epochs }) => epochs)).toBeGreaterThan(seedsPerBlock * 2);
    expect(sum(({ memberChanges }) => memberChanges)).toBeGreaterThan(seedsPerBlock / 2);
    expect(sum(({ expired }) => expired)).toBeGreaterThan(seedsPerBlock / 5);
  });
}

test("a run is repeated exactly by its seed, and differs from that of another seed", async () => {
  const [first, again, other] = await runSeeds({ seeds: [12, 12, 8] });
  expect(first?.decided).toBeGreaterThan(20);
  expect(again).toEqual(first);
  expect(other?.traceHash).not.toBe(first?.traceHash);
});

test("a run is the same whether it is printed or not", async () => {
  const lines: string[] = [];
  const [printed] = await runSeeds({ seeds: [7], print: (line) => lines.push(line) });
  const [silent] = await runSeeds({ seeds: [7] });
  expect(printed).toEqual(silent);
  expect(lines.length).toBeGreaterThan(100);
});

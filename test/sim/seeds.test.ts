/**
 * The core under simulation: many seeds, each a cluster of its own kind with faults of its own
 * kind. A failure names the seed and the command that repeats it. More seeds than the build has
 * time for: `npm run sim:core -- --count 5000`.
 */
import { expect, test } from "vitest";
import { runSimulation } from "./simulation.ts";

const seedsPerTest = 100;
const firstSeeds = [1, 101, 201, 301, 401, 501];

for (const first of firstSeeds) {
  test(`seeds ${first} to ${first + seedsPerTest - 1} keep all promises`, () => {
    let committed = 0;
    let epochs = 0;
    for (let seed = first; seed < first + seedsPerTest; seed++) {
      const result = runSimulation({ seed });
      committed += result.committed;
      epochs += result.epochs;
    }
    // A simulation in which nothing happens would keep all promises, too.
    expect(committed).toBeGreaterThan(seedsPerTest * 50);
    expect(epochs).toBeGreaterThan(seedsPerTest * 2);
  });
}

test("a run is repeated exactly by its seed, and differs from that of another seed", () => {
  const first = runSimulation({ seed: 5 });
  expect(first.committed).toBeGreaterThan(100);
  expect(runSimulation({ seed: 5 })).toEqual(first);
  expect(runSimulation({ seed: 6 }).traceHash).not.toBe(first.traceHash);
});

test("a run is the same whether it is printed or not", () => {
  const lines: string[] = [];
  const printed = runSimulation({ seed: 5, print: (line) => lines.push(line) });
  expect(printed).toEqual(runSimulation({ seed: 5 }));
  expect(lines.length).toBeGreaterThan(100);
});

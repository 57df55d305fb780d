/**
 * A server's disk at every loss of power: more than 10,000 cuts of busy servers, and defects that
 * must be caught. More cuts: `npm run power-cuts -- --cuts 100000`.
 */
import { describe, expect, test } from "vitest";
import { defects } from "./defects.ts";
import { PowerCutFailure, cutPower } from "./power-cuts.ts";
import type { Defect } from "./server-life.ts";
import { workloads } from "./workloads.ts";

const cutsPerWorkload = 1700;

describe("A server whose power is cut", () => {
  test.each(workloads)("keeps its promises: $name", async (workload) => {
    const result = await cutPower({ workload, seed: 1, cuts: cutsPerWorkload });
    expect(result.cuts).toBeGreaterThanOrEqual(cutsPerWorkload);
    // A server on a disk where nothing is ever pending would keep its promises, too.
    expect(result.starts).toBeGreaterThan(3 * result.cuts);
  });
});

async function findDefect(defect: Defect): Promise<unknown> {
  for (const workload of workloads) {
    try {
      await cutPower({ workload, seed: 2, cuts: 1500, defect });
    } catch (error) {
      return error;
    }
  }
  return null;
}

describe("A defect is caught", () => {
  test.each(Object.entries(defects))("%s", async (_name, defect) => {
    expect(await findDefect(defect)).toBeInstanceOf(PowerCutFailure);
  });
});

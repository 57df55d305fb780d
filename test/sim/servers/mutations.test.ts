/**
 * Tests of the simulator: defects are planted in the servers, and each must be noticed within a few
 * seeds. `npm run sim:defects` looks longer, and writes the table in docs/proof.md.
 */
import { expect, test } from "vitest";
import { edited } from "../machine/substitution.ts";
import { catchMutation } from "./mutations/catch.ts";
import { mutations } from "./mutations/mutations.ts";

/** Several times what each takes: seeds come to something else with every change of the source. */
const seedsMax = 200;

test("each defect fits the source as it is", () => {
  for (const { name, edits } of mutations) {
    for (const { file } of edits) expect(() => edited(file, edits), name).not.toThrow();
  }
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  expect(mutations.length).toBeGreaterThanOrEqual(20);
});

for (const mutation of mutations) {
  test(`it is noticed when ${mutation.defect}`, async () => {
    expect(await catchMutation(mutation, seedsMax)).toBeDefined();
  });
}

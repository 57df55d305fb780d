/** How often hand-overs fail in a row, and under whom. */
import { expect, test } from "vitest";
import { FailedHandOvers } from "../../../src/operator/members/index.ts";

test("FailedHandOvers counts what fails under one leader", () => {
  const failed = new FailedHandOvers();
  failed.note(2);
  failed.note(2);
  expect(failed.under(2)).toBe(2);
});

test("FailedHandOvers begins anew under another leader, and when the former one leads again", () => {
  const failed = new FailedHandOvers();
  for (let times = 0; times < 3; times++) failed.note(2);
  expect(failed.under(null)).toBe(0);
  expect(failed.under(2)).toBe(3);
  expect(failed.under(1)).toBe(0);
  expect(failed.under(2)).toBe(0);
});

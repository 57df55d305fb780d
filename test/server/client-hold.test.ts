/** For which leader clients are kept through a hand-over. */
import { expect, test } from "vitest";
import { ClientHold } from "../../src/server/client-hold.ts";

test("clients are kept for the leader of the next epoch, and for no later one", () => {
  const hold = new ClientHold(new Set());
  expect(hold.isStaleAt(9)).toBe(false);
  hold.keep(0, 4);
  expect(hold.isStaleAt(5)).toBe(false);
  expect(hold.isStaleAt(6)).toBe(true);
  hold.release();
  expect(hold.isStaleAt(9)).toBe(false);
});

/** Ids of new sessions: laid out as ZooKeeper's, and never one that means something else. */
import { expect, test } from "vitest";
import { SessionIds, isIssuedBy } from "../../src/server/session-ids.ts";

const free = (): boolean => false;

/** A wall clock whose low 40 bits are about to become 0 again. */
const lastMsOfTheRound = 2 ** 41 - 1;

function unsigned(id: bigint): bigint {
  return BigInt.asUintN(64, id);
}

test("next() puts the server's id above the time of the start, and counts", () => {
  const ids = new SessionIds(3n, 0x0123456789, free);
  expect(unsigned(ids.next())).toBe(0x0301234567890001n);
  expect(unsigned(ids.next())).toBe(0x0301234567890002n);
});

test("next() gives ids of a later start that differ from those of an earlier one", () => {
  const before = new SessionIds(3n, 1_000_000, free);
  const ids = new Set(Array.from({ length: 60_000 }, () => before.next()));
  const after = new SessionIds(3n, 1_000_001, free);
  expect(ids.has(after.next())).toBe(false);
});

test("next() skips ids that are in use, as after a clock that was set back", () => {
  const first = new SessionIds(3n, 1_000, free);
  const taken = new Set([first.next(), first.next()]);
  const again = new SessionIds(3n, 1_000, (id) => taken.has(id));
  expect(again.next()).toBe(first.next());
});

test("next() stays below the next server's ids, and never gives the owner of containers", () => {
  for (const sid of [127n, 128n, 255n, 0n]) {
    const ids = new SessionIds(sid, lastMsOfTheRound, free);
    for (let count = 0; count < 0x10002; count++) {
      const id = ids.next();
      if (count < 0xfffd) continue;
      expect(isIssuedBy(id, sid)).toBe(true);
      expect(unsigned(id) & 0xffffffffffffffn).not.toBe(0n);
    }
  }
});

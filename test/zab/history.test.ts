import { expect, test } from "vitest";
import { History, follows } from "../../src/zab/history.ts";
import { entryOf, z } from "./scripted-peer.ts";

const ample = { entriesMax: 100, bytesMax: 1 << 20 };

function historyOf(zxids: readonly bigint[], limits = ample): History {
  const last = zxids[zxids.length - 1] ?? 0n;
  return new History(limits, last, zxids.map(entryOf));
}

function zxidsAfter(history: History, zxid: bigint): bigint[] {
  return history.after(zxid).map((entry) => entry.zxid);
}

test("follows() allows the next counter or the first of any later epoch", () => {
  expect(follows(z(1, 4), z(1, 5))).toBe(true);
  expect(follows(z(1, 4), z(2, 1))).toBe(true);
  expect(follows(z(1, 4), z(7, 1))).toBe(true);
  expect(follows(0n, z(1, 1))).toBe(true);
  // A state at the start of an epoch, as a snapshot of another server may be labelled.
  expect(follows(z(2, 0), z(2, 1))).toBe(true);
});

test("follows() refuses gaps, repeats, steps back and a later epoch's middle", () => {
  expect(follows(z(1, 4), z(1, 6))).toBe(false);
  expect(follows(z(1, 4), z(1, 4))).toBe(false);
  expect(follows(z(1, 4), z(1, 3))).toBe(false);
  expect(follows(z(2, 4), z(1, 1))).toBe(false);
  expect(follows(z(1, 4), z(2, 2))).toBe(false);
  expect(follows(z(1, 0xffffffff), z(2, 0))).toBe(false);
});

test("push() refuses an entry that does not follow", () => {
  const history = historyOf([z(1, 1)]);
  expect(() => history.push(entryOf(z(1, 3)))).toThrow("no gaps");
});

test("a history must end where it is said to end", () => {
  expect(() => new History(ample, z(1, 2), [entryOf(z(1, 1))])).toThrow("ends where");
});

test("after() gives the entries above a zxid, oldest first", () => {
  const history = historyOf([z(1, 1), z(1, 2), z(2, 1)]);
  expect(zxidsAfter(history, z(1, 1))).toEqual([z(1, 2), z(2, 1)]);
  expect(zxidsAfter(history, z(1, 9))).toEqual([z(2, 1)]);
  expect(zxidsAfter(history, z(2, 1))).toEqual([]);
});

test("reachesBackTo() knows the entries, and what the first of them follows if that is known", () => {
  const started = historyOf([z(1, 3), z(1, 4)]);
  expect(started.reachesBackTo(z(1, 3))).toBe(true);
  expect(started.reachesBackTo(z(1, 2))).toBe(false);
  const snapshot = new History(ample, z(1, 2));
  snapshot.push(entryOf(z(1, 3)));
  expect(snapshot.reachesBackTo(z(1, 2))).toBe(true);
  expect(snapshot.reachesBackTo(z(1, 1))).toBe(false);
});

test("before() gives the newest zxid below another", () => {
  const history = historyOf([z(1, 1), z(1, 2), z(3, 1)]);
  expect(history.before(z(3, 1))).toBe(z(1, 2));
  expect(history.before(z(2, 7))).toBe(z(1, 2));
  expect(history.before(z(1, 1))).toBeUndefined();
});

test("the oldest entries go when there are too many, and are remembered as the base", () => {
  const history = historyOf([], { entriesMax: 2, bytesMax: 1 << 20 });
  for (let counter = 1; counter <= 1000; counter++) history.push(entryOf(z(1, counter)));
  expect(history.size).toBe(2);
  expect(history.last).toBe(z(1, 1000));
  expect(history.oldest).toBe(z(1, 998));
  expect(history.reachesBackTo(z(1, 998))).toBe(true);
  expect(history.reachesBackTo(z(1, 997))).toBe(false);
  expect(zxidsAfter(history, z(1, 998))).toEqual([z(1, 999), z(1, 1000)]);
});

test("the oldest entries go when they hold too many bytes", () => {
  const history = historyOf([], { entriesMax: 100, bytesMax: 64 });
  for (let counter = 1; counter <= 3; counter++) history.push(entryOf(z(1, counter)));
  expect(history.size).toBe(2);
});

test("truncate() keeps what is at and below the zxid", () => {
  const history = historyOf([z(1, 1), z(1, 2), z(1, 3)]);
  history.truncate(z(1, 2));
  expect(history.last).toBe(z(1, 2));
  expect(zxidsAfter(history, z(1, 1))).toEqual([z(1, 2)]);
  history.push(entryOf(z(2, 1)));
  expect(history.last).toBe(z(2, 1));
});

test("truncate() to a zxid that is not at hand leaves a bare state", () => {
  const history = historyOf([z(1, 5), z(1, 6)]);
  history.truncate(z(1, 2));
  expect(history.last).toBe(z(1, 2));
  expect(history.size).toBe(0);
  expect(history.oldest).toBe(z(1, 2));
});

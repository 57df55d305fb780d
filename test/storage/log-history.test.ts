/** Reading the log as history, for learners that lack more than is in memory. */
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { LogHistory, Storage } from "../../src/storage/index.ts";
import { logHeaderBytes, recordOverheadBytes } from "../../src/storage/log-format.ts";
import { makeZxid } from "../../src/wire/index.ts";
import {
  RememberingTarget,
  appendAll,
  bodyOf,
  freshStorage,
  memoryFolder,
  openStorage,
  payloadOf,
  range,
} from "./support/storage-world.ts";

/** zxids of all that is left to read. */
async function readAll(history: LogHistory | null): Promise<bigint[]> {
  const zxids: bigint[] = [];
  if (history === null) return zxids;
  for (let found = await history.read(); found.length > 0; found = await history.read()) {
    for (const { zxid, payload } of found) {
      expect(payload).toEqual(payloadOf(zxid));
      zxids.push(zxid);
    }
  }
  await history.close();
  return zxids;
}

/** Where `openHistory(zxid)` goes on, and what it reads. */
async function historyFrom(storage: Storage, zxid: bigint) {
  const history = await storage.openHistory(zxid);
  if (history === null) return null;
  const { position } = history;
  return { position, zxids: await readAll(history) };
}

test("openHistory() goes on behind the transaction asked for, over several files", async () => {
  const storage = await freshStorage(memoryFolder());
  for (const from of [1n, 4n, 7n]) {
    await appendAll(storage, range(from, from + 2n));
    storage.rollLog();
  }
  for (const zxid of [0n, 1n, 3n, 4n, 8n]) {
    expect(await historyFrom(storage, zxid)).toEqual({
      position: zxid,
      zxids: range(zxid + 1n, 9n),
    });
  }
});

test("openHistory() shows what is written while it is read", async () => {
  const storage = await freshStorage(memoryFolder());
  await appendAll(storage, range(1n, 3n));
  const history = await storage.openHistory(2n);
  expect((await history?.read())?.map(({ zxid }) => zxid)).toEqual([3n]);
  expect(await history?.read()).toEqual([]);
  await appendAll(storage, [4n]);
  storage.rollLog();
  await appendAll(storage, [5n]);
  expect(await readAll(history)).toEqual([4n, 5n]);
});

test("openHistory() stands before a transaction that the log does not have", async () => {
  const storage = await freshStorage(memoryFolder());
  await appendAll(storage, [makeZxid(1, 1), makeZxid(1, 2), makeZxid(2, 1)]);
  const history = await storage.openHistory(makeZxid(1, 9));
  expect(history?.position).toBe(makeZxid(1, 2));
  expect(history?.next).toBe(makeZxid(2, 1));
  await history?.close();
});

test("openHistory() finds nothing below the snapshot that a start began with", async () => {
  const folder = memoryFolder();
  const storage = await freshStorage(folder);
  await appendAll(storage, range(1n, 5n));
  await storage.writeSnapshot(bodyOf(5), { lastProcessedZxid: 5n });
  await appendAll(storage, range(6n, 8n));
  await storage.close();
  const again = await openStorage(folder);
  await again.recover(new RememberingTarget(), 0);
  expect(await again.openHistory(4n)).toBeNull();
  expect(await historyFrom(again, 5n)).toEqual({ position: 5n, zxids: [6n, 7n, 8n] });
});

test("openHistory() never shows a history that a leader's snapshot replaced", async () => {
  const folder = memoryFolder();
  const storage = await freshStorage(folder);
  // Epoch 1 went on elsewhere, and ended before its transaction 3: this end of it is nobody's.
  await appendAll(storage, [makeZxid(1, 1), makeZxid(1, 2), makeZxid(1, 3)]);
  const zxid = makeZxid(2, 0);
  await storage.saveAcceptedEpoch(2);
  await storage.installSnapshot(bodyOf(3), { lastProcessedZxid: zxid });
  await appendAll(storage, [makeZxid(2, 1)]);
  const check = async (at: Storage): Promise<void> => {
    // Without the snapshot the log would look whole: 2.1 may follow 1.3.
    expect(await at.openHistory(makeZxid(1, 3))).toBeNull();
    expect(await historyFrom(at, zxid)).toEqual({ position: zxid, zxids: [makeZxid(2, 1)] });
  };
  await check(storage);
  await storage.close();
  const again = await openStorage(folder);
  await again.recover(new RememberingTarget(), 0);
  await check(again);
});

test("openHistory() keeps the files that it reads from being purged", async () => {
  const folder = memoryFolder();
  const storage = await freshStorage(folder);
  const logs = (): string[] =>
    readdirSync(path.join(folder, "version-2")).filter((name) => name.startsWith("log."));
  for (const from of [1n, 4n, 7n]) {
    await appendAll(storage, range(from, from + 2n));
    storage.rollLog();
  }
  const history = await storage.openHistory(1n);
  for (const zxid of [7n, 8n, 9n]) {
    await storage.writeSnapshot(bodyOf(3), { lastProcessedZxid: zxid });
  }
  await storage.purge();
  expect(logs()).toHaveLength(3);
  expect(await readAll(history)).toEqual(range(2n, 9n));
  await storage.purge();
  expect(logs()).toHaveLength(1);
  expect(await storage.openHistory(1n)).toBeNull();
});

/** The log of a leader: an epoch's only file, of two transactions, and the next epoch's. */
async function twoEpochs(folder: string): Promise<Storage> {
  const storage = await freshStorage(folder);
  await appendAll(storage, [makeZxid(1, 1), makeZxid(1, 2)]);
  storage.rollLog();
  await appendAll(storage, [makeZxid(2, 1), makeZxid(2, 2)]);
  return storage;
}

// The first transaction of an epoch may follow any other, so that the zxids show no gap; and in the
// newest file more could still be written.
test.each([
  ["at the end of an epoch", makeZxid(1, 1)],
  ["in the newest file", makeZxid(2, 1)],
])("openHistory() finds every byte that is another one %s", async (_, first) => {
  const folder = memoryFolder();
  const storage = await twoEpochs(folder);
  const name = path.join(folder, "version-2", `log.${first.toString(16)}`);
  const whole = readFileSync(name);
  const end = logHeaderBytes + 2 * (recordOverheadBytes + payloadOf(first).length);
  for (let at = logHeaderBytes; at < end; at++) {
    const rotten = Buffer.from(whole);
    rotten[at]! ^= 0x10;
    writeFileSync(name, rotten);
    await expect(historyFrom(storage, 0n)).rejects.toMatchObject({ code: "corrupt-log" });
  }
});

test("openHistory() passes over an old torn end", async () => {
  const folder = memoryFolder();
  const storage = await twoEpochs(folder);
  const name = path.join(folder, "version-2", `log.${makeZxid(1, 1).toString(16)}`);
  // A record whose end never came to the disk.
  appendFileSync(name, readFileSync(name).subarray(logHeaderBytes, logHeaderBytes + 30));
  const zxids = [makeZxid(1, 1), makeZxid(1, 2), makeZxid(2, 1), makeZxid(2, 2)];
  expect(await historyFrom(storage, 0n)).toEqual({ position: 0n, zxids });
});

test("openHistory() knows that the end of an epoch was purged", async () => {
  const folder = memoryFolder();
  const before = await freshStorage(folder);
  await before.saveAcceptedEpoch(2);
  await before.saveCurrentEpoch(2);
  const epoch = range(makeZxid(1, 1), makeZxid(1, 6));
  await appendAll(before, epoch.slice(0, 3));
  await before.writeSnapshot(bodyOf(3), { lastProcessedZxid: makeZxid(1, 3) });
  await appendAll(before, epoch.slice(3));
  await before.close();
  const storage = await openStorage(folder);
  await storage.recover(new RememberingTarget(), 0);
  for (const counter of [1, 2, 3]) {
    const zxid = makeZxid(2, counter);
    storage.rollLog();
    await appendAll(storage, [zxid]);
    await storage.writeSnapshot(bodyOf(3), { lastProcessedZxid: zxid });
  }
  await storage.purge();
  // The first transaction of an epoch may follow any: the log does not show that 1.4 to 1.6 are gone.
  for (const zxid of [epoch[2]!, epoch[5]!]) expect(await storage.openHistory(zxid)).toBeNull();
  const rest = range(makeZxid(2, 2), makeZxid(2, 3));
  const first = makeZxid(2, 1);
  expect(await historyFrom(storage, first)).toEqual({ position: first, zxids: rest });
});

test("remainingBytes() counts what is behind the position, without the padding of the file", async () => {
  const storage = await freshStorage(memoryFolder(), { preAllocBytes: 64 * 1024 * 1024 });
  for (const zxid of range(1n, 40n)) storage.append(zxid, payloadOf(zxid, 10_000));
  await storage.sync();
  const half = await storage.openHistory(20n);
  expect(await half?.remainingBytes()).toBeLessThan(260_000);
  await half?.close();
});

test("read() gives up when the history is replaced", async () => {
  const storage = await freshStorage(memoryFolder());
  await appendAll(storage, range(1n, 5n));
  const history = await storage.openHistory(1n);
  await storage.truncate(3n);
  await expect(history?.read()).rejects.toMatchObject({ code: "cancelled" });
  await history?.close();
});

/** One server's storage in use: appending, truncating, snapshots, purging, failures. */
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { renameSync, rmSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Storage, StorageError } from "../../src/storage/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  RememberingTarget,
  WarningLogger,
  appendAll,
  bodyOf,
  freshStorage,
  memoryFolder,
  openStorage,
  optionsFor,
  payloadOf,
  range,
  recoverFrom,
} from "./support/storage-world.ts";

function namesIn(folder: string, prefix = ""): string[] {
  const names = readdirSync(path.join(folder, "version-2"));
  return names.filter((name) => name.startsWith(prefix)).sort();
}

function sizeOf(folder: string, name: string): number {
  return statSync(path.join(folder, "version-2", name)).size;
}

function zxidOf(name: string): bigint {
  return BigInt(`0x${name.split(".")[1] ?? ""}`);
}

function descending(left: bigint, right: bigint): number {
  return left > right ? -1 : 1;
}

describe("open()", () => {
  test("creates its folders", async () => {
    const folder = temporaryFolder();
    const dataDir = path.join(folder, "a", "data");
    const dataLogDir = path.join(folder, "b", "log");
    await openStorage(folder, { dataDir, dataLogDir });
    expect(namesIn(dataDir)).toEqual([]);
    expect(namesIn(dataLogDir)).toEqual([]);
  });

  test("refuses missing folders when it may not create them", async () => {
    const folder = temporaryFolder();
    const options = optionsFor(folder, { createFolders: false });
    await expect(Storage.open(options)).rejects.toMatchObject({
      code: "missing-folder",
      message: expect.stringContaining("version-2': it is missing, and 'datadir.autocreate'"),
    });
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(path.join(folder, "version-2"));
    await openStorage(folder, { createFolders: false });
  });

  test("refuses a folder that another server uses", async () => {
    const folder = temporaryFolder();
    const storage = await openStorage(folder);
    await expect(Storage.open(optionsFor(folder))).rejects.toMatchObject({ code: "locked" });
    await storage.close();
    await openStorage(folder);
  });

  test("refuses a folder that it cannot create", async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, "file"), "");
    const dataDir = path.join(folder, "file", "data");
    await expect(Storage.open(optionsFor(dataDir))).rejects.toBeInstanceOf(StorageError);
  });

  test.skipIf(process.getuid?.() === 0)("refuses a folder that it cannot write", async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    await expect(Storage.open(optionsFor(folder))).rejects.toMatchObject({ code: "not-writable" });
  });

  test("refuses logs where only snapshots belong", async () => {
    const folder = temporaryFolder();
    const dataDir = path.join(folder, "data");
    const storage = await freshStorage(dataDir);
    await appendAll(storage, [1n]);
    await storage.close();
    const dataLogDir = path.join(folder, "log");
    await expect(Storage.open(optionsFor(dataDir, { dataLogDir }))).rejects.toMatchObject({
      code: "misplaced-files",
    });
  });
});

describe("append() and sync()", () => {
  test("keep payloads as they are, across starts", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    storage.append(1n, payloadOf(1n));
    expect(storage.pendingBytes).toBe(payloadOf(1n).length + 13);
    await storage.sync();
    expect(storage.pendingBytes).toBe(0);
    expect(storage.lastZxid).toBe(1n);
    await storage.close();
    const { target } = await recoverFrom(folder);
    expect(target.payloads).toEqual([payloadOf(1n)]);
  });

  test("write one file per start, extended in steps and cut to size at the end", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder, { preAllocBytes: 8192 });
    await appendAll(storage, [1n]);
    expect(sizeOf(folder, "log.1")).toBe(16 + 8192);
    storage.append(2n, payloadOf(2n, 5000));
    await storage.sync();
    expect(sizeOf(folder, "log.1")).toBe(16 + 2 * 8192);
    await storage.close();
    const used = 16 + 2 * 13 + payloadOf(1n).length + payloadOf(2n, 5000).length;
    expect(sizeOf(folder, "log.1")).toBe(used);
    const next = await openStorage(folder);
    await next.recover(new RememberingTarget(), 0);
    await appendAll(next, [3n]);
    expect(namesIn(folder, "log.")).toEqual(["log.1", "log.3"]);
  });

  test("gather while a sync is under way", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    const syncs: Promise<void>[] = [];
    for (const zxid of range(1n, 200n)) {
      storage.append(zxid, payloadOf(zxid, 3000));
      if (zxid % 10n === 0n) syncs.push(storage.sync());
    }
    await Promise.all(syncs);
    expect(storage.pendingBytes).toBe(0);
    // The first takes what was there; all others found the rest gathered.
    expect(storage.stats.syncCount).toBe(2);
    await storage.close();
    expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, 200n));
  });

  test("write more than fits between two syncs in parts", async () => {
    const folder = memoryFolder();
    const storage = await freshStorage(folder);
    for (const zxid of range(1n, 20n)) storage.append(zxid, payloadOf(zxid, 1_000_000));
    await storage.sync();
    expect(storage.stats.syncCount).toBe(3);
    await storage.close();
    expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, 20n));
  });

  test("begin a new file after rollLog(), also within one batch", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, [1n]);
    storage.append(2n, payloadOf(2n));
    storage.rollLog();
    storage.append(3n, payloadOf(3n));
    storage.rollLog();
    storage.rollLog();
    storage.append(4n, payloadOf(4n));
    await storage.sync();
    await storage.close();
    expect(namesIn(folder, "log.")).toEqual(["log.1", "log.3", "log.4"]);
    expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, 4n));
  });

  test("begin a new file at the size limit", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder, { txnLogSizeLimitBytes: 1000 });
    for (const zxid of range(1n, 6n)) storage.append(zxid, payloadOf(zxid, 500));
    await storage.sync();
    await storage.close();
    expect(namesIn(folder, "log.")).toEqual(["log.1", "log.3", "log.5"]);
    expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, 6n));
  });

  test("are refused before the storage is recovered and has a snapshot", async () => {
    const storage = await openStorage(temporaryFolder());
    expect(() => storage.append(1n, payloadOf(1n))).toThrow("Recover the storage");
    await storage.recover(new RememberingTarget(), 0);
    expect(() => storage.append(1n, payloadOf(1n))).toThrow("initial snapshot");
  });

  test("are refused out of order", async () => {
    const storage = await freshStorage(temporaryFolder());
    storage.append(2n, payloadOf(2n));
    expect(() => storage.append(2n, payloadOf(2n))).toThrow("in order");
  });

  test("fail for good after one failure", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    // Somebody else's file where the log's next one has to be.
    writeFileSync(path.join(folder, "version-2", "log.1"), "");
    storage.append(1n, payloadOf(1n));
    const failure = { name: "StorageError", code: "io", file: expect.stringContaining("log.1") };
    await expect(storage.sync()).rejects.toMatchObject(failure);
    await expect(storage.sync()).rejects.toMatchObject(failure);
    expect(() => storage.append(2n, payloadOf(2n))).toThrow(StorageError);
    await expect(storage.truncate(0n)).rejects.toMatchObject(failure);
    expect(storage.failure).toMatchObject(failure);
  });
});

describe("truncate()", () => {
  test("keeps what is up to any transaction, and goes on there", async () => {
    for (const zxid of range(0n, 9n)) {
      const folder = memoryFolder();
      const storage = await freshStorage(folder);
      await appendAll(storage, range(1n, 4n));
      storage.rollLog();
      await appendAll(storage, range(5n, 8n));
      storage.append(9n, payloadOf(9n));
      await storage.truncate(zxid);
      const target = new RememberingTarget();
      expect((await storage.recover(target, 3)).lastZxid).toBe(zxid);
      expect(target.zxids).toEqual(range(1n, zxid));
      await appendAll(storage, range(zxid + 1n, zxid + 2n));
      await storage.close();
      expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, zxid + 2n));
    }
  });

  test("removes snapshots of what it removes", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 6n));
    await storage.writeSnapshot(bodyOf(3), { lastProcessedZxid: 5n });
    await storage.truncate(3n);
    expect(namesIn(folder, "snapshot.")).toEqual(["snapshot.0"]);
  });

  test("changes nothing when no snapshot is so old", async () => {
    const folder = temporaryFolder();
    const storage = await openStorage(folder);
    await storage.recover(new RememberingTarget(), 0);
    await storage.writeSnapshot(bodyOf(3), { lastProcessedZxid: 5n });
    storage.append(6n, payloadOf(6n));
    await expect(storage.truncate(3n)).rejects.toMatchObject({ code: "missing-snapshot" });
    await storage.close();
    expect((await recoverFrom(folder)).state.lastZxid).toBe(6n);
  });

  test("cancels a snapshot that is being written", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 4n));
    const writing = storage.writeSnapshot(bodyOf(500), { lastProcessedZxid: 4n });
    const cancelled = expect(writing).rejects.toMatchObject({ code: "cancelled" });
    await storage.truncate(2n);
    await cancelled;
    expect(namesIn(folder).filter((name) => name.includes("snapshot"))).toEqual(["snapshot.0"]);
  });
});

describe("writeSnapshot()", () => {
  test("lets transactions through meanwhile, and yields between chunks", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 3n));
    const digest = { zxid: 4n, version: 2, digest: 77n };
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (storage.stats.snapshotCount === 1) setImmediate(count);
    };
    setImmediate(count);
    const writing = storage.writeSnapshot(bodyOf(500), {
      lastProcessedZxid: 3n,
      digest: () => digest,
    });
    await appendAll(storage, [4n]);
    await writing;
    expect(turns).toBeGreaterThan(50);
    expect(storage.stats).toMatchObject({ snapshotCount: 2, syncCount: 2 });
    await storage.close();
    const { state, target } = await recoverFrom(folder);
    expect(state.snapshotZxid).toBe(3n);
    expect(target.digest).toEqual(digest);
    expect(target.tree.nodes()).toHaveLength(501);
    expect(target.zxids).toEqual([4n]);
  });

  test("leaves nothing behind when its source fails", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    function* failing(): Generator<Buffer> {
      yield Buffer.alloc(10);
      throw new Error("tree broke");
    }
    await expect(storage.writeSnapshot(failing(), { lastProcessedZxid: 3n })).rejects.toMatchObject(
      { name: "StorageError", cause: { message: "tree broke" } },
    );
    expect(namesIn(folder).filter((name) => name.includes("snapshot"))).toEqual(["snapshot.0"]);
  });

  test("does not hold up the epoch files", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    let isSaved = false;
    // A snapshot that does not end before the epochs are saved: were they to wait for it, so would
    // this test.
    function* endless(): Generator<Buffer> {
      while (!isSaved) yield Buffer.alloc(1024);
      yield* bodyOf(1);
    }
    const writing = storage.writeSnapshot(endless(), { lastProcessedZxid: 0n });
    await storage.saveAcceptedEpoch(3);
    await storage.saveCurrentEpoch(3);
    isSaved = true;
    await writing;
    expect(namesIn(folder)).toContain("snapshot.0");
  });
});

describe("installSnapshot()", () => {
  async function* received(): AsyncGenerator<Buffer> {
    for (const chunk of bodyOf(40)) {
      await Promise.resolve();
      yield chunk;
    }
  }

  test("replaces a history behind it", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 3n));
    await storage.saveAcceptedEpoch(2);
    await storage.installSnapshot(received(), { lastProcessedZxid: 0x200000005n });
    expect(storage.lastZxid).toBe(0x200000005n);
    await appendAll(storage, [0x200000006n]);
    await storage.close();
    const { state, target } = await recoverFrom(folder);
    expect(state).toMatchObject({ snapshotZxid: 0x200000005n, currentEpoch: 2 });
    expect(target.zxids).toEqual([0x200000006n]);
    expect(target.tree.nodes()).toHaveLength(41);
  });

  test("replaces a history ahead of it, snapshots included", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 6n));
    await storage.writeSnapshot(bodyOf(3), { lastProcessedZxid: 6n });
    await storage.installSnapshot(received(), { lastProcessedZxid: 4n });
    await appendAll(storage, [5n]);
    await storage.close();
    const { state, target } = await recoverFrom(folder);
    expect(state.snapshotZxid).toBe(4n);
    expect(target.zxids).toEqual([5n]);
    expect(namesIn(folder, "snapshot.")).toEqual(["snapshot.0", "snapshot.4"]);
  });

  test("is finished by the next start once it was decided", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 6n));
    await storage.writeSnapshot(bodyOf(40), { lastProcessedZxid: 4n });
    await storage.close();
    const versioned = path.join(folder, "version-2");
    renameSync(path.join(versioned, "snapshot.4"), path.join(versioned, "installed-snapshot.4"));
    const { state, target } = await recoverFrom(folder);
    expect(state).toMatchObject({ snapshotZxid: 4n, lastZxid: 4n });
    expect(target.zxids).toEqual([]);
    expect(namesIn(folder, "installed-")).toEqual([]);
  });

  test("changes nothing when the leader goes away in the middle", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    await appendAll(storage, range(1n, 6n));
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(100);
      await Promise.reject(new Error("connection lost"));
    }
    await expect(
      storage.installSnapshot(broken(), { lastProcessedZxid: 4n }),
    ).rejects.toMatchObject({ cause: { message: "connection lost" } });
    await appendAll(storage, [7n]);
    await storage.close();
    expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, 7n));
  });
});

describe("purge()", () => {
  test("keeps snapshots and the logs that the oldest of them needs", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder, { snapRetainCount: 2 });
    for (const zxid of range(1n, 9n)) {
      await appendAll(storage, [zxid]);
      if (zxid % 3n !== 0n) continue;
      storage.rollLog();
      await storage.writeSnapshot(bodyOf(1), { lastProcessedZxid: zxid });
    }
    await appendAll(storage, [10n]);
    await storage.purge();
    expect(namesIn(folder, "snapshot.")).toEqual(["snapshot.6", "snapshot.9"]);
    expect(namesIn(folder, "log.")).toEqual(["log.4", "log.7", "log.a"]);
    await storage.close();
    expect((await recoverFrom(folder)).state.lastZxid).toBe(10n);
    // The oldest one is still enough to start from.
    const newest = path.join(folder, "version-2", "snapshot.9");
    writeFileSync(newest, readFileSync(newest).subarray(0, 50));
    expect((await recoverFrom(folder)).state).toMatchObject({ snapshotZxid: 6n, lastZxid: 10n });
  });

  test("leaves what the oldest kept snapshot needs, whatever came before", async () => {
    const step = fc.constantFrom("append", "snapshot", "roll", "purge");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const folder = memoryFolder();
        const storage = await freshStorage(folder, { snapRetainCount: 3, forceSync: false });
        let zxid = 0n;
        for (const what of [...steps, "purge"]) {
          if (what === "append") await appendAll(storage, [(zxid += 1n)]);
          if (what === "snapshot")
            await storage.writeSnapshot(bodyOf(1), { lastProcessedZxid: zxid });
          if (what === "roll") storage.rollLog();
          if (what === "purge") await storage.purge();
        }
        await storage.close();
        // Whichever of the kept snapshots is the last good one: the log behind it is whole.
        for (const kept of namesIn(folder, "snapshot.").map(zxidOf).sort(descending)) {
          const { state, target } = await recoverFrom(folder);
          expect(state).toMatchObject({ snapshotZxid: kept, lastZxid: zxid });
          expect(target.zxids).toEqual(range(kept + 1n, zxid));
          rmSync(path.join(folder, "version-2", `snapshot.${kept.toString(16)}`));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("removes nothing while there are not enough whole snapshots", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder, { snapRetainCount: 2 });
    await appendAll(storage, [1n]);
    storage.rollLog();
    await appendAll(storage, [2n]);
    writeFileSync(path.join(folder, "version-2", "snapshot.1"), "unfinished");
    await storage.purge();
    expect(namesIn(folder, "log.")).toEqual(["log.1", "log.2"]);
    expect(namesIn(folder, "snapshot.")).toEqual(["snapshot.0", "snapshot.1"]);
  });
});

describe("close()", () => {
  test("syncs what is pending and gives up a snapshot", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder);
    storage.append(1n, payloadOf(1n));
    const writing = storage.writeSnapshot(bodyOf(500), { lastProcessedZxid: 0n });
    const cancelled = expect(writing).rejects.toMatchObject({ code: "cancelled" });
    await storage.close();
    await cancelled;
    await expect(storage.purge()).rejects.toMatchObject({ code: "closed" });
    expect((await recoverFrom(folder)).state.lastZxid).toBe(1n);
  });
});

test("a slow sync is logged", async () => {
  const logger = new WarningLogger();
  const storage = await freshStorage(temporaryFolder(), { logger, fsyncWarningThresholdMs: 0 });
  await appendAll(storage, [1n]);
  expect(logger.warnings.map(({ message }) => message)).toEqual([
    "Sync of the transaction log was slow",
  ]);
  expect(storage.stats.lastSyncMs).toBeGreaterThan(0);
});

/** What the storage does when a sync fails: nothing is tried again, and nothing is promised. */
import { describe, expect, test } from "vitest";
import { Storage } from "../../src/storage/index.ts";
import { FailingSyncs } from "../support/failing-files.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import {
  RememberingTarget,
  appendAll,
  bodyOf,
  optionsFor,
  payloadOf,
} from "./support/storage-world.ts";

const syncFailed = { name: "StorageError", code: "sync-failed", exitCode: 74 };

/** A storage with one transaction, whose syncs may be made to fail. */
async function openFailing(): Promise<{ storage: Storage; files: FailingSyncs }> {
  const files = new FailingSyncs(new MemoryFiles(new Map([["/", null]])));
  const storage = await Storage.open(optionsFor("/data", { files }));
  await storage.recover(new RememberingTarget(), 0);
  await storage.writeSnapshot(bodyOf(1), { lastProcessedZxid: 0n });
  await appendAll(storage, [1n]);
  return { storage, files };
}

describe("A failed sync", () => {
  test("of the log is final: it is not tried again, and nothing more is taken", async () => {
    const { storage, files } = await openFailing();
    files.failing = /log\.1$/u;
    storage.append(2n, payloadOf(2n));
    await expect(storage.sync()).rejects.toMatchObject(syncFailed);
    files.failing = null;
    const asked = files.asked.length;
    await expect(storage.sync()).rejects.toMatchObject(syncFailed);
    expect(() => storage.append(3n, payloadOf(3n))).toThrow("nobody knows");
    expect(storage.failure).toMatchObject(syncFailed);
    await storage.close();
    expect(files.asked.length).toBe(asked);
  });

  test("of a new log's folder is final", async () => {
    const { storage, files } = await openFailing();
    storage.rollLog();
    files.failing = /version-2$/u;
    storage.append(2n, payloadOf(2n));
    await expect(storage.sync()).rejects.toMatchObject(syncFailed);
    files.failing = null;
    await expect(storage.sync()).rejects.toMatchObject(syncFailed);
  });

  test("of an epoch's file leaves the epoch as it was", async () => {
    const { storage, files } = await openFailing();
    files.failing = /acceptedEpoch\.tmp$/u;
    await expect(storage.saveAcceptedEpoch(9)).rejects.toMatchObject(syncFailed);
    files.failing = null;
    await storage.close();
    const again = await Storage.open(optionsFor("/data", { files }));
    expect((await again.recover(new RememberingTarget(), 0)).acceptedEpoch).toBe(0);
  });

  test("of a snapshot leaves none, and none is purged for it", async () => {
    const { storage, files } = await openFailing();
    files.failing = /snapshot/u;
    const snapshot = storage.writeSnapshot(bodyOf(1), { lastProcessedZxid: 1n });
    await expect(snapshot).rejects.toMatchObject(syncFailed);
    expect((await files.list("/data/version-2")).sort()).toEqual([
      "acceptedEpoch",
      "currentEpoch",
      "log.1",
      "snapshot.0",
    ]);
  });
});

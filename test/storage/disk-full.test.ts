/** What the storage does when the disk has no space left, on a real one. */
import { cpSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeWithSmallDisks, smallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { appendAll, bodyOf, freshStorage, payloadOf } from "./support/storage-world.ts";
import { range, recoverFrom } from "./support/storage-world.ts";

const MiB = 1024 * 1024;
const noSpace = { name: "StorageError", code: "no-space" };

/** What a server finds that starts from a copy of `folder` as it is now. */
async function recoverCopyOf(folder: string) {
  const copy = temporaryFolder();
  cpSync(path.join(folder, "version-2"), path.join(copy, "version-2"), { recursive: true });
  return (await recoverFrom(copy)).state;
}

describeWithSmallDisks("Storage on a full disk", () => {
  test.each([0, 65536])("keeps what it could not write, padding %d", async (preAllocBytes) => {
    const disk = smallDisk(4 * MiB);
    const storage = await freshStorage(disk.folder, { preAllocBytes });
    await appendAll(storage, range(1n, 10n));
    disk.fill();
    // More than any page that the file still has.
    for (const zxid of range(11n, 40n)) storage.append(zxid, payloadOf(zxid, 10_000));
    const { pendingBytes } = storage;
    await expect(storage.sync()).rejects.toMatchObject(noSpace);
    await expect(storage.sync()).rejects.toMatchObject(noSpace);
    expect(storage).toMatchObject({ failure: null, pendingBytes });
    expect((await recoverCopyOf(disk.folder)).lastZxid).toBeGreaterThanOrEqual(10n);
    storage.append(41n, payloadOf(41n));
    disk.empty();
    await storage.sync();
    expect(storage.pendingBytes).toBe(0);
    expect((await recoverCopyOf(disk.folder)).lastZxid).toBe(41n);
    await storage.close();
    expect((await recoverFrom(disk.folder)).target.zxids).toEqual(range(1n, 41n));
  });

  test("can be cut anywhere while it is full", async () => {
    const disk = smallDisk(4 * MiB);
    const storage = await freshStorage(disk.folder, { preAllocBytes: 0 });
    await appendAll(storage, [1n]);
    disk.fill();
    let zxid = 1n;
    for (let round = 0; round < 20; round++) {
      for (const next of range(zxid + 1n, zxid + 3n)) storage.append(next, payloadOf(next, 9_000));
      zxid += 3n;
      await expect(storage.sync()).rejects.toMatchObject(noSpace);
      expect((await recoverCopyOf(disk.folder)).lastZxid).toBeLessThanOrEqual(zxid);
    }
    disk.empty();
    await storage.sync();
    expect((await recoverCopyOf(disk.folder)).lastZxid).toBe(zxid);
  });

  test("begins a new file as soon as there is space", async () => {
    const disk = smallDisk(4 * MiB);
    const storage = await freshStorage(disk.folder, { preAllocBytes: 0 });
    await appendAll(storage, [1n]);
    disk.fill();
    storage.rollLog();
    storage.append(2n, payloadOf(2n, 50_000));
    await expect(storage.sync()).rejects.toMatchObject(noSpace);
    await expect(storage.sync()).rejects.toMatchObject(noSpace);
    disk.empty();
    await appendAll(storage, [3n]);
    await storage.close();
    const logs = readdirSync(path.join(disk.folder, "version-2")).filter((n) => /^log/u.test(n));
    expect(logs.sort()).toEqual(["log.1", "log.2"]);
    expect((await recoverFrom(disk.folder)).target.zxids).toEqual([1n, 2n, 3n]);
  });

  test("leaves epochs and snapshots as they were", async () => {
    const disk = smallDisk(4 * MiB);
    const storage = await freshStorage(disk.folder, { preAllocBytes: 0 });
    await storage.saveAcceptedEpoch(1);
    disk.fill();
    await expect(storage.saveAcceptedEpoch(2)).rejects.toMatchObject(noSpace);
    const snapshot = storage.writeSnapshot(bodyOf(1000), { lastProcessedZxid: 0n });
    await expect(snapshot).rejects.toMatchObject(noSpace);
    expect((await recoverCopyOf(disk.folder)).acceptedEpoch).toBe(1);
    disk.empty();
    await storage.saveAcceptedEpoch(2);
    await storage.writeSnapshot(bodyOf(1000), { lastProcessedZxid: 0n });
    await storage.close();
    expect((await recoverFrom(disk.folder)).state.acceptedEpoch).toBe(2);
  });

  test("is closed in order, without what was never durable", async () => {
    const disk = smallDisk(4 * MiB);
    const storage = await freshStorage(disk.folder, { preAllocBytes: 0 });
    await appendAll(storage, [1n]);
    disk.fill();
    storage.append(2n, payloadOf(2n, 100_000));
    await expect(storage.sync()).rejects.toMatchObject(noSpace);
    await storage.close();
    disk.empty();
    expect((await recoverFrom(disk.folder)).target.zxids).toEqual([1n]);
  });
});

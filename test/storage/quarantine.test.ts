/** Damaged histories that are moved aside, and crashes while they are. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { nullLogger } from "../../src/observe/index.ts";
import { Storage, isDamage } from "../../src/storage/index.ts";
import type { StorageError } from "../../src/storage/index.ts";
import { seededRandom } from "../../src/base/index.ts";
import { MemoryFiles } from "../support/memory-files.ts";
import { PowerCutDisk, survivals } from "../support/power-cut-disk.ts";
import { RecordingFiles } from "../support/recording-files.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  RememberingTarget,
  appendAll,
  bodyOf,
  freshStorage,
  openStorage,
  optionsFor,
  range,
} from "./support/storage-world.ts";

/** Changes one bit of a file. */
function damage(folder: string, name: string, at: number): string {
  const file = path.join(folder, "version-2", name);
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x10;
  writeFileSync(file, bytes);
  return file;
}

const namesIn = (...parts: string[]): string[] => readdirSync(path.join(...parts)).sort();

/** Recovers, and moves a damaged history aside as a server does; whether there was one. */
async function recoverOrQuarantine(storage: Storage): Promise<StorageError | null> {
  try {
    await storage.recover(new RememberingTarget(), 0);
    return null;
  } catch (error) {
    if (!isDamage(error)) throw error;
    await storage.quarantine(error);
    await storage.recover(new RememberingTarget(), 0);
    return error;
  }
}

async function damagedFolder(): Promise<{ folder: string; file: string }> {
  const folder = temporaryFolder();
  const storage = await freshStorage(folder);
  await storage.saveAcceptedEpoch(4);
  await appendAll(storage, range(1n, 9n));
  await storage.close();
  return { folder, file: damage(folder, "log.1", 150) };
}

describe("quarantine()", () => {
  test("moves the history aside, keeps the promise, and begins with nothing", async () => {
    const { folder, file } = await damagedFolder();
    const before = readFileSync(file);
    const storage = await openStorage(folder);
    expect(await recoverOrQuarantine(storage)).toMatchObject({ code: "corrupt-log", file });
    expect(storage).toMatchObject({ isQuarantined: true, quarantineCount: 1, lastZxid: 0n });
    const names = ["currentEpoch", "log.1", "snapshot.0"];
    expect(namesIn(folder, "version-2", "quarantine-1")).toEqual(names);
    expect(readFileSync(path.join(folder, "version-2/quarantine-1/log.1"))).toEqual(before);
    expect(readFileSync(path.join(folder, "version-2/acceptedEpoch"), "utf8")).toBe("4");
  });

  test("is over when a leader's initial history is there, and not before", async () => {
    const { folder } = await damagedFolder();
    let storage = await openStorage(folder);
    await recoverOrQuarantine(storage);
    await storage.installSnapshot(bodyOf(3), { lastProcessedZxid: 12n });
    await appendAll(storage, [13n]);
    await storage.close();

    // A crash in the middle of the synchronisation: what there is of it counts for nothing.
    storage = await openStorage(folder);
    expect(await storage.recover(new RememberingTarget(), 0)).toMatchObject({ lastZxid: 0n });
    expect(storage).toMatchObject({ isQuarantined: true, quarantineCount: 1 });
    await storage.installSnapshot(bodyOf(3), { lastProcessedZxid: 12n });
    await storage.saveCurrentEpoch(4);
    expect(storage.isQuarantined).toBe(false);
    await storage.close();

    storage = await openStorage(folder);
    expect(await storage.recover(new RememberingTarget(), 0)).toMatchObject({ lastZxid: 12n });
    expect(storage).toMatchObject({ isQuarantined: false, quarantineCount: 1 });
  });

  test("moves an accepted epoch that cannot be read", async () => {
    const folder = temporaryFolder();
    await (await freshStorage(folder)).close();
    writeFileSync(path.join(folder, "version-2", "acceptedEpoch"), "\0\0");
    const storage = await openStorage(folder);
    expect(await recoverOrQuarantine(storage)).toMatchObject({ code: "corrupt-epoch" });
    expect(namesIn(folder, "version-2", "quarantine-1")).toContain("acceptedEpoch");
    expect(storage.isQuarantined).toBe(true);
  });

  test("is never without its mark, whenever the power is cut", async () => {
    const random = seededRandom(1);
    const options = { ...optionsFor("/data", { dataLogDir: "/log" }), logger: nullLogger };
    const files = new MemoryFiles(new Map([["/", null]]));
    const healthy = await Storage.open({ ...options, files });
    await healthy.recover(new RememberingTarget(), 0);
    await healthy.writeSnapshot(bodyOf(1), { lastProcessedZxid: 0n });
    await appendAll(healthy, range(1n, 9n));
    await healthy.close();
    const damaged = new Map(files.contents());
    const log = Buffer.from(damaged.get("/log/version-2/log.1")!);
    log[150]! ^= 0x10;
    damaged.set("/log/version-2/log.1", log);

    const recorder = new RecordingFiles(new MemoryFiles(damaged), new PowerCutDisk(damaged).ids);
    const storage = await Storage.open({ ...options, files: recorder });
    await recoverOrQuarantine(storage);
    expect(storage.isQuarantined).toBe(true);

    const disk = new PowerCutDisk(damaged);
    for (const step of recorder.steps) {
      disk.apply(step);
      for (const survival of survivals) {
        const left = disk.cut(survival, random);
        const again = await Storage.open({ ...options, files: new MemoryFiles(left) });
        await recoverOrQuarantine(again);
        expect(again.isQuarantined).toBe(true);
        expect(again.lastZxid).toBe(0n);
      }
    }
  });
});

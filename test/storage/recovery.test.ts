/** What a server finds when it starts: after crashes at any point, and on damaged folders. */
import { cpSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { scanLogFile } from "../../src/storage/log-file-reader.ts";
import { StorageError } from "../../src/storage/index.ts";
import { nodeFiles } from "../../src/storage/node-files.ts";
import {
  encodeLogHeader,
  encodeRecord,
  recordOverheadBytes,
} from "../../src/storage/log-format.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  WarningLogger,
  appendAll,
  bodyOf,
  fixtureFolder,
  freshStorage,
  memoryFolder,
  openStorage,
  payloadOf,
  range,
  recoverFrom,
  RememberingTarget,
} from "./support/storage-world.ts";

/** A server's folder with a log of `zxids` per file, and a snapshot at each of `snapshots`. */
async function folderWith(
  logs: readonly (readonly bigint[])[],
  snapshots: readonly bigint[] = [0n],
): Promise<string> {
  const folder = temporaryFolder();
  const storage = await freshStorage(folder);
  for (const zxid of snapshots) {
    await storage.writeSnapshot(bodyOf(zxid === 0n ? 1 : 2), { lastProcessedZxid: zxid });
  }
  await storage.close();
  // As in a folder that never was in an ensemble: recovery begins them anew.
  rmSync(fileIn(folder, "acceptedEpoch"));
  rmSync(fileIn(folder, "currentEpoch"));
  if (!snapshots.includes(0n)) rmSync(fileIn(folder, "snapshot.0"));
  for (const zxids of logs) {
    writeFileSync(fileIn(folder, `log.${zxids[0]!.toString(16)}`), logBytes(zxids).log);
  }
  return folder;
}

function logBytes(zxids: readonly bigint[]): { log: Buffer; ends: number[] } {
  const payloads = zxids.map((zxid) => payloadOf(zxid));
  const size = payloads.reduce((sum, { length }) => sum + length + recordOverheadBytes, 16);
  const log = Buffer.alloc(size);
  const ends = [encodeLogHeader().copy(log)];
  for (const payload of payloads) ends.push(encodeRecord(log, ends.at(-1)!, payload));
  return { log, ends };
}

function fileIn(folder: string, name: string): string {
  return path.join(folder, "version-2", name);
}

function namesIn(folder: string): string[] {
  return readdirSync(path.join(folder, "version-2")).sort();
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at < 0 ? bytes.length + at : at]! ^= 0x10;
  writeFileSync(file, bytes);
}

describe("recover() of a folder of Apache ZooKeeper", () => {
  test("finds snapshot, transactions and epochs", async () => {
    const folder = temporaryFolder();
    cpSync(fixtureFolder, path.join(folder, "version-2"), { recursive: true });
    const { state, target } = await recoverFrom(folder);
    expect(state).toMatchObject({ acceptedEpoch: 2, currentEpoch: 2, snapshotZxid: 0x200000010n });
    expect(target.digest?.version).toBe(2);
    expect(target.zxids).toEqual(range(0x200000011n, state.lastZxid));
    expect(state.recent.map(({ zxid }) => zxid)).toEqual(target.zxids);
    const paths = target.tree.nodes().map((node) => node.path);
    expect(paths).toContain("/first/unicode-é中");
    expect(paths).toContain("/ttl");
  });

  test("replays both epochs from the first snapshot", async () => {
    const folder = temporaryFolder();
    cpSync(fixtureFolder, path.join(folder, "version-2"), { recursive: true });
    for (const name of ["snapshot.100000017", "snapshot.200000006", "snapshot.200000010"]) {
      rmSync(fileIn(folder, name));
    }
    const { state, target } = await recoverFrom(folder, {}, 5);
    expect(target.zxids).toEqual([
      ...range(0x100000001n, 0x100000017n),
      ...range(0x200000001n, state.lastZxid),
    ]);
    expect(state.recent.map(({ zxid }) => zxid)).toEqual(target.zxids.slice(-5));
  });
});

describe("recover() after a crash", () => {
  test("finds a prefix of the log whatever its last file is cut to, and goes on", async () => {
    const template = await folderWith([range(1n, 3n)]);
    const copy = memoryFolder();
    const { log, ends } = logBytes(range(4n, 6n));
    for (let cut = 0; cut <= log.length; cut++) {
      const folder = path.join(copy, String(cut));
      cpSync(template, folder, { recursive: true });
      writeFileSync(fileIn(folder, "log.4"), log.subarray(0, cut));
      const storage = await openStorage(folder, { forceSync: false });
      const target = new RememberingTarget();
      const { lastZxid } = await storage.recover(target, 10);
      const whole = BigInt(Math.max(0, ends.filter((end) => end <= cut).length - 1));
      expect(lastZxid).toBe(3n + whole);
      expect(target.zxids).toEqual(range(1n, lastZxid));
      await appendAll(storage, [lastZxid + 1n, lastZxid + 2n]);
      await storage.close();
      const again = await recoverFrom(folder);
      expect(again.target.zxids).toEqual(range(1n, lastZxid + 2n));
    }
  }, 60_000);

  test("finds a prefix of a padded log whatever part of its end was not written", async () => {
    const folder = memoryFolder();
    const file = path.join(folder, "log.1");
    const { log, ends } = logBytes(range(1n, 20n));
    for (let cut = 0; cut <= log.length; cut++) {
      writeFileSync(file, Buffer.concat([log.subarray(0, cut), Buffer.alloc(5000)]));
      const zxids: bigint[] = [];
      const scan = await scanLogFile(nodeFiles, file, (zxid) => zxids.push(zxid) > 0);
      const whole = ends.filter((end) => end <= cut).length - 1;
      expect(zxids.length).toBe(Math.max(0, whole));
      // The second half of the header is zeros anyway.
      expect(scan.endOffset).toBe(cut < 8 ? 0 : ends[Math.max(0, whole)]);
    }
  });

  test("cuts the torn end off, and says where", async () => {
    const folder = await folderWith([range(1n, 3n)]);
    const file = fileIn(folder, "log.1");
    const { log, ends } = logBytes(range(1n, 3n));
    writeFileSync(file, log.subarray(0, log.length - 5));
    const logger = new WarningLogger();
    expect((await recoverFrom(folder, { logger })).state.lastZxid).toBe(2n);
    expect(readFileSync(file).length).toBe(ends[2]);
    expect(logger.warnings).toEqual([
      {
        message: "Torn tail of a transaction log",
        fields: { file, offset: ends[2], reason: "record ends past the file" },
      },
    ]);
  });

  test("goes on behind a torn file when the next one continues it", async () => {
    const folder = await folderWith([range(1n, 3n), range(3n, 5n)]);
    const file = fileIn(folder, "log.1");
    truncateSync(file, readFileSync(file).length - 5);
    expect((await recoverFrom(folder)).target.zxids).toEqual(range(1n, 5n));
  });

  test("refuses a torn file when the next one does not continue it", async () => {
    const folder = await folderWith([range(1n, 3n), range(4n, 5n)]);
    const file = fileIn(folder, "log.1");
    truncateSync(file, readFileSync(file).length - 5);
    await expect(recoverFrom(folder)).rejects.toMatchObject({ code: "corrupt-log" });
  });

  test("removes last files without records", async () => {
    const folder = await folderWith([range(1n, 3n)]);
    writeFileSync(fileIn(folder, "log.4"), encodeLogHeader());
    writeFileSync(fileIn(folder, "log.5"), "");
    writeFileSync(fileIn(folder, "log.6"), Buffer.alloc(8192));
    expect((await recoverFrom(folder)).state.lastZxid).toBe(3n);
    expect(namesIn(folder).filter((name) => name.startsWith("log."))).toEqual(["log.1"]);
  });

  test("ignores and removes an unfinished snapshot", async () => {
    const folder = await folderWith([range(1n, 3n)]);
    const whole = readFileSync(fileIn(folder, "snapshot.0"));
    writeFileSync(fileIn(folder, "unfinished-snapshot.3"), whole);
    writeFileSync(fileIn(folder, "acceptedEpoch.tmp"), "9");
    expect((await recoverFrom(folder)).state).toMatchObject({ snapshotZxid: 0n, lastZxid: 3n });
    expect(namesIn(folder)).toEqual(["acceptedEpoch", "currentEpoch", "log.1", "snapshot.0"]);
  });
});

describe("recover() of a damaged log", () => {
  test("refuses a change of any byte before the last record", async () => {
    const { log, ends } = logBytes(range(1n, 3n));
    const file = path.join(temporaryFolder(), "log.1");
    for (let at = 0; at < ends[2]!; at++) {
      const copy = Buffer.from(log);
      copy[at]! ^= 0x10;
      writeFileSync(file, copy);
      const scan = scanLogFile(nodeFiles, file, () => true);
      // The database id, which nobody looks at.
      if (at >= 8 && at < 16) await scan;
      else await expect(scan).rejects.toMatchObject({ code: "corrupt-log", file });
    }
  });

  test("names the file and the offset", async () => {
    const folder = await folderWith([range(1n, 9n)]);
    const { ends } = logBytes(range(1n, 9n));
    flip(fileIn(folder, "log.1"), ends[4]! + 30);
    await expect(recoverFrom(folder)).rejects.toMatchObject({
      code: "corrupt-log",
      file: fileIn(folder, "log.1"),
      offset: ends[4],
    });
  });

  test("refuses a missing file", async () => {
    const folder = await folderWith([range(1n, 3n), range(4n, 6n), range(7n, 9n)]);
    rmSync(fileIn(folder, "log.4"));
    await expect(recoverFrom(folder)).rejects.toMatchObject({
      code: "corrupt-log",
      file: fileIn(folder, "log.7"),
    });
  });

  test("refuses a log that begins too late for the snapshot", async () => {
    const folder = await folderWith([range(2n, 3n)]);
    await expect(recoverFrom(folder)).rejects.toMatchObject({ code: "corrupt-log" });
  });

  test("accepts the first transaction of a later epoch after any other", async () => {
    const folder = await folderWith([range(1n, 3n), range(0x300000001n, 0x300000002n)]);
    expect((await recoverFrom(folder)).state).toMatchObject({
      lastZxid: 0x300000002n,
      snapshotZxid: 0n,
    });
  });

  test("throws nothing but StorageError, and ends, whatever the file holds", async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, "log.1");
    const { log } = logBytes(range(1n, 8n));
    const noise = fc.array(fc.tuple(fc.nat(log.length + 600), fc.uint8Array({ maxLength: 40 })), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(noise, fc.nat(log.length), async (patches, cut) => {
        const bytes = Buffer.concat([log.subarray(0, cut), Buffer.alloc(700)]);
        for (const [place, patch] of patches) {
          const at = place % bytes.length;
          bytes.set(patch.slice(0, bytes.length - at), at);
        }
        writeFileSync(file, bytes);
        try {
          const scan = await scanLogFile(nodeFiles, file, () => true);
          expect(scan.endOffset).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("recover() of damaged or missing snapshots", () => {
  test("takes an older one when the log holds the damaged one's transaction", async () => {
    const folder = await folderWith([range(1n, 3n), range(4n, 6n)], [0n, 3n]);
    flip(fileIn(folder, "snapshot.3"), 100);
    const logger = new WarningLogger();
    const { state, target } = await recoverFrom(folder, { logger });
    expect(state.snapshotZxid).toBe(0n);
    expect(target.zxids).toEqual(range(1n, 6n));
    expect(target.tree.nodes()).toHaveLength(2);
    expect(logger.warnings.map(({ message }) => message)).toEqual(["Snapshot skipped"]);
    expect(namesIn(folder)).toContain("damaged-snapshot.3");
  });

  test("takes an older one when the newest was never finished", async () => {
    const folder = await folderWith([range(1n, 6n)], [0n, 3n]);
    truncateSync(fileIn(folder, "snapshot.3"), 200);
    expect((await recoverFrom(folder)).state).toMatchObject({ snapshotZxid: 0n, lastZxid: 6n });
  });

  test("refuses an older one when the log lacks the damaged one's transaction", async () => {
    // As after a leader's snapshot that replaced another history than the files show.
    const later = range(0x200000001n, 0x200000002n);
    const folder = await folderWith([range(1n, 3n), later], [0n, 0x200000000n]);
    flip(fileIn(folder, "snapshot.200000000"), 100);
    await expect(recoverFrom(folder)).rejects.toMatchObject({
      code: "corrupt-snapshot",
      file: fileIn(folder, "snapshot.200000000"),
    });
  });

  test("refuses when none can be read", async () => {
    const folder = await folderWith([range(1n, 3n)]);
    flip(fileIn(folder, "snapshot.0"), 100);
    await expect(recoverFrom(folder)).rejects.toMatchObject({
      code: "corrupt-snapshot",
      file: fileIn(folder, "snapshot.0"),
    });
  });

  test("refuses a log without a snapshot, unless told to trust it", async () => {
    const folder = await folderWith([range(1n, 3n)]);
    rmSync(fileIn(folder, "snapshot.0"));
    await expect(recoverFrom(folder)).rejects.toMatchObject({ code: "missing-snapshot" });
    const { state } = await recoverFrom(folder, { trustEmpty: true });
    expect(state).toMatchObject({ lastZxid: 3n, snapshotZxid: -1n });
  });

  test("finds nothing in an empty folder", async () => {
    const { state, target } = await recoverFrom(temporaryFolder());
    expect(state).toEqual({
      lastZxid: 0n,
      recent: [],
      snapshotZxid: -1n,
      logFloor: 0n,
      acceptedEpoch: 0,
      currentEpoch: 0,
    });
    expect(target.snapshotZxid).toBeNull();
  });
});

test("recover() brings a log forward to its epoch", async () => {
  const folder = await folderWith([range(0x200000001n, 0x200000003n)], [0x200000000n]);
  writeFileSync(fileIn(folder, "acceptedEpoch"), "2");
  writeFileSync(fileIn(folder, "currentEpoch"), "1");
  expect((await recoverFrom(folder)).state.currentEpoch).toBe(2);
});

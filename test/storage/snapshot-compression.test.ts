/** Compressed snapshots: written, read, recovered from, purged; and what damage to them does. */
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { SnappyStreamDecoder, encodeSnappyHeader } from "../../src/storage/snappy-stream-format.ts";
import { Storage } from "../../src/storage/index.ts";
import type { StorageOptions } from "../../src/storage/index.ts";
import { WireError } from "../../src/wire/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  appendAll,
  bodyOf,
  freshStorage,
  optionsFor,
  range,
  recoverFrom,
} from "./support/storage-world.ts";

type Method = NonNullable<StorageOptions["snapshotCompression"]>;

const methods: readonly Method[] = ["gz", "snappy"];

const namesIn = (folder: string): string[] =>
  readdirSync(path.join(folder, "version-2"))
    .filter((name) => name.includes("snapshot"))
    .sort();

const fileIn = (folder: string, name: string): string => path.join(folder, "version-2", name);

/** A folder with snapshots at 0 and 3 of `method`, and a log of five transactions. */
async function compressedFolder(method: Method): Promise<string> {
  const folder = temporaryFolder();
  const storage = await freshStorage(folder, { snapshotCompression: method });
  await appendAll(storage, range(1n, 3n));
  await storage.writeSnapshot(bodyOf(5000, 64 * 1024), { lastProcessedZxid: 3n });
  await appendAll(storage, range(4n, 5n));
  await storage.close();
  return folder;
}

describe.each(methods)("A snapshot of method %s", (method) => {
  test("is what recovery starts from", async () => {
    const folder = await compressedFolder(method);
    expect(namesIn(folder)).toEqual([`snapshot.0.${method}`, `snapshot.3.${method}`]);
    const { state, target } = await recoverFrom(folder);
    expect(state).toMatchObject({ snapshotZxid: 3n, lastZxid: 5n });
    expect(target.tree.nodes()).toHaveLength(5001);
    expect(target.zxids).toEqual([4n, 5n]);
  });

  test("is set aside at any cut, and an older one used", async () => {
    const whole = await compressedFolder(method);
    const bytes = readFileSync(fileIn(whole, `snapshot.3.${method}`));
    for (const cut of [0, 1, 9, 17, 400, bytes.length >> 1, bytes.length - 1]) {
      const folder = await compressedFolder(method);
      writeFileSync(fileIn(folder, `snapshot.3.${method}`), bytes.subarray(0, cut));
      const { state } = await recoverFrom(folder);
      expect(state, `cut at ${cut}`).toMatchObject({ snapshotZxid: 0n, lastZxid: 5n });
      expect(namesIn(folder)).toContain(`damaged-snapshot.3.${method}`);
    }
  });

  test("is not used when a bit of it is wrong", async () => {
    const folder = await compressedFolder(method);
    const file = fileIn(folder, `snapshot.3.${method}`);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    expect((await recoverFrom(folder)).state.snapshotZxid).toBe(0n);
  });

  test("counts for a purge if it is whole", async () => {
    const folder = temporaryFolder();
    const storage = await freshStorage(folder, { snapRetainCount: 2, snapshotCompression: method });
    for (const zxid of range(1n, 4n)) {
      await appendAll(storage, [zxid]);
      storage.rollLog();
      await storage.writeSnapshot(bodyOf(10), { lastProcessedZxid: zxid });
    }
    // What another program left when it was killed.
    const bytes = readFileSync(fileIn(folder, `snapshot.4.${method}`));
    writeFileSync(fileIn(folder, `snapshot.5.${method}`), bytes.subarray(0, bytes.length - 3));
    await storage.purge();
    const kept = [3, 4, 5].map((zxid) => `snapshot.${zxid}.${method}`);
    expect(namesIn(folder)).toEqual(kept);
  });
});

test("a snapshot in gzip holds the same bytes as an uncompressed one", async () => {
  const [plain, zipped] = [temporaryFolder(), temporaryFolder()];
  await (await freshStorage(plain)).close();
  await (await freshStorage(zipped, { snapshotCompression: "gz" })).close();
  const inside = gunzipSync(readFileSync(fileIn(zipped, "snapshot.0.gz")));
  expect(inside).toEqual(readFileSync(fileIn(plain, "snapshot.0")));
});

test("writeSnapshot() replaces one of the same transaction that is compressed otherwise", async () => {
  const folder = await compressedFolder("gz");

  const storage = await Storage.open(optionsFor(folder));
  await storage.writeSnapshot(bodyOf(1), { lastProcessedZxid: 3n });
  await storage.close();
  expect(namesIn(folder)).toEqual(["snapshot.0.gz", "snapshot.3"]);
});

test("a snapshot under a name that promises another compression is damaged", async () => {
  const folder = await compressedFolder("gz");
  renameSync(fileIn(folder, "snapshot.3.gz"), fileIn(folder, "snapshot.3.snappy"));
  expect((await recoverFrom(folder)).state.snapshotZxid).toBe(0n);
});

describe("SnappyStreamDecoder", () => {
  test("refuses lengths that no block has", () => {
    for (const length of [-1, 0x7fffffff]) {
      const chunk = Buffer.alloc(4);
      chunk.writeInt32BE(length);
      const decoder = new SnappyStreamDecoder();
      decoder.push(encodeSnappyHeader());
      expect(() => decoder.push(chunk)).toThrow(WireError);
    }
  });

  test("finds the same blocks however the bytes are split", () => {
    const chunk = Buffer.from([0, 0, 0, 2, 7, 8]);
    const bytes = Buffer.concat([encodeSnappyHeader(), chunk, chunk]);
    for (let split = 0; split <= bytes.length; split++) {
      const decoder = new SnappyStreamDecoder();
      const first = decoder.push(bytes.subarray(0, split)).map((block) => Buffer.from(block));
      const blocks = [...first, ...decoder.push(bytes.subarray(split))];
      decoder.end();
      expect(blocks).toEqual([Buffer.from([7, 8]), Buffer.from([7, 8])]);
    }
  });
});

/** When snapshots of a living tree are taken: after so many transactions, or after so many bytes. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SnapshotWriter } from "../../src/server/snapshot-writer.ts";
import type { SnapshotInterval } from "../../src/server/snapshot-writer.ts";
import { DataTree } from "../../src/tree/index.ts";
import { openStorage } from "../storage/support/storage-world.ts";
import { nullLogger } from "../../src/observe/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function startWriter(interval: SnapshotInterval) {
  const folder = temporaryFolder();
  const rolls: number[] = [];
  const writer = new SnapshotWriter({
    storage: await openStorage(folder),
    logger: nullLogger,
    every: () => interval,
    rollLog: () => rolls.push(1),
    purges: true,
    failed: () => undefined,
    diskFailed: () => undefined,
  });
  const snapshots = (): string[] => readdirSync(join(folder, "version-2"));
  return { writer, rolls, snapshots, tree: new DataTree() };
}

describe("SnapshotWriter", () => {
  it("takes a snapshot after the number of transactions", async () => {
    const { writer, rolls, snapshots, tree } = await startWriter({ transactions: 3, bytes: 1000 });
    for (const bytes of [1, 1]) writer.applied(tree, bytes);
    expect(rolls).toHaveLength(0);
    writer.applied(tree, 1);
    expect(rolls).toHaveLength(1);
    await writer.drain();
    expect(snapshots()).toEqual(["snapshot.0"]);
  });

  it("takes a snapshot after the number of bytes, and counts anew", async () => {
    const { writer, rolls, tree } = await startWriter({ transactions: 1000, bytes: 100 });
    writer.applied(tree, 60);
    expect(rolls).toHaveLength(0);
    writer.applied(tree, 60);
    expect(rolls).toHaveLength(1);
    await writer.drain();
    writer.applied(tree, 60);
    expect(rolls).toHaveLength(1);
    writer.applied(tree, 60);
    expect(rolls).toHaveLength(2);
    await writer.drain();
  });

  it("does not begin another one while one is being written", async () => {
    const { writer, rolls, tree } = await startWriter({ transactions: 1, bytes: Infinity });
    writer.applied(tree, 1);
    writer.applied(tree, 1);
    expect(rolls).toHaveLength(1);
    await writer.drain();
    writer.applied(tree, 1);
    expect(rolls).toHaveLength(2);
    await writer.drain();
  });
});

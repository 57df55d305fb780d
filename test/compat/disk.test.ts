/**
 * One disk, two programs: folders that our server wrote are served by Apache's and the other way
 * round, with every path's data, Stat and ACL, and with the digests that the log carries.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { busyTreeConfig, leaveSession, writeRound } from "./support/busy-tree.ts";
import { RawSession } from "./support/raw-session.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";
import { dumpTree } from "./support/tree-dump.ts";
import type { TreeDump } from "./support/tree-dump.ts";

/** So few that each round of writes takes several. */
const SNAPSHOT_EVERY = 60;

await describeWithPeers("One disk for Apache's server and ours", [installApacheZooKeeper], () => {
  let group: ServerGroup;

  afterEach(async () => {
    await group.remove();
  });

  const filesOf = async (id: number, prefix: string): Promise<string[]> => {
    const names = await readdir(join(group.member(id).dataFolder, "version-2"));
    return names.filter((name) => name.startsWith(prefix)).sort();
  };

  const dump = (id: number): Promise<TreeDump> => dumpTree(group.addressOf(id));

  /** Writes a round with a session left open; what the tree then is. */
  async function write(round: number): Promise<{ tree: TreeDump; session: RawSession["granted"] }> {
    const root = await writeRound(group.addressOf(1), round);
    const session = await leaveSession(group.member(1).ports.client, `${root}/ephemeral`);
    return { tree: await dump(1), session };
  }

  test("standalone servers take turns on one folder, by snapshots and logs", async () => {
    group = await ServerGroup.layOut(1, { ...busyTreeConfig, snapCount: SNAPSHOT_EVERY });
    const turns: [ServerKind, "stop" | "kill"][] = [
      ["ensemble", "stop"],
      ["ensemble", "kill"],
      ["apache", "stop"],
      ["ensemble", "kill"],
      ["apache", "kill"],
      ["ensemble", "stop"],
      ["apache", "stop"],
    ];
    let expected: Awaited<ReturnType<typeof write>> | undefined;
    for (const [turn, [kind, end]] of turns.entries()) {
      await group.start(kind);
      if (expected !== undefined) {
        const { tree, session } = expected;
        expect(await dump(1), `turn ${turn}, ${kind}`).toEqual(tree);
        const port = group.member(1).ports.client;
        const resumed = await RawSession.open({ port, resume: session, timeoutMs: 60_000 });
        expect(resumed.granted).toEqual(session);
        await resumed.close();
      }
      expected = await write(turn + 1);
      await group[end]();
      const [oldest, ...newer] = await filesOf(1, "snapshot.");
      expect(oldest).toBeDefined();
      expect(newer).not.toEqual([]);
    }
    expect(await group.complaints()).toEqual([]);
  });

  test.each(["gz", "snappy"])("snapshots of method %s go both ways", async (method) => {
    const config = { ...busyTreeConfig, snapCount: SNAPSHOT_EVERY };
    group = await ServerGroup.layOut(1, { ...config, "snapshot.compression.method": method });
    let expected: TreeDump | undefined;
    for (const [turn, kind] of (["ensemble", "apache", "ensemble"] as const).entries()) {
      await group.start(kind);
      if (expected !== undefined) expect(await dump(1), `turn ${turn}, ${kind}`).toEqual(expected);
      ({ tree: expected } = await write(turn + 1));
      await group.stop();
      const snapshots = await filesOf(1, "snapshot.");
      const [newest] = snapshots.slice(-1);
      expect(newest).toMatch(new RegExp(`\\.${method}$`, "u"));
      expect(await group.log(kind, 1)).not.toMatch(/Problem reading snap file|Snapshot skipped/u);
    }
    await group.start("apache");
    expect(await dump(1)).toEqual(expected);
    expect(await group.complaints()).toEqual([]);
  });

  test.each(["stop", "kill"] as const)("Apache replays our log alone, after %s", async (end) => {
    group = await ServerGroup.layOut(1, busyTreeConfig);
    await group.start("ensemble");
    const { tree } = await write(1);
    await group[end]();
    expect(await filesOf(1, "snapshot.")).toEqual(["snapshot.0"]);
    await group.start("apache");
    expect(await dump(1)).toEqual(tree);
    expect(await group.complaints()).toEqual([]);
  });

  test("we replay Apache's log alone, after kill -9", async () => {
    group = await ServerGroup.layOut(1, busyTreeConfig);
    await group.start("apache");
    const { tree } = await write(1);
    await group.kill();
    expect(await filesOf(1, "snapshot.")).toEqual(["snapshot.0"]);
    await group.start("ensemble");
    expect(await dump(1)).toEqual(tree);
    expect(await group.complaints()).toEqual([]);
  });

  test("a whole ensemble moves over and back, with its epochs", async () => {
    group = await ServerGroup.layOut(3, { ...busyTreeConfig, snapCount: SNAPSHOT_EVERY });
    await group.start("apache");
    await write(1);
    await group.kill();
    await group.start("apache");
    let { tree } = await write(2);
    await group.kill();
    // Apache complains now and then of its own snapshots, taken while writes went on.
    const before = await group.complaints();
    for (const [index, kind] of (["ensemble", "apache"] as const).entries()) {
      await group.start(kind);
      for (const id of group.ids) expect(await dump(id), `${kind} ${id}`).toEqual(tree);
      ({ tree } = await write(3 + index));
      await group[index === 0 ? "kill" : "stop"]();
    }
    expect(await group.complaints()).toEqual(before);
  });
});

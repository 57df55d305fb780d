/**
 * Five voters, three of Apache's and two of ours, under load, while one leader after the other is
 * killed: no acknowledged write is lost and none applied twice, whichever kind leads and whichever
 * takes over, and all disks hold the same in the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dumpTree, formatDump } from "../integration/support/tree-dump.ts";
import type { TreeDump } from "../integration/support/tree-dump.ts";
import { Workload } from "../integration/support/workload.ts";
import { findViolations } from "../integration/support/write-history.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { expectSameDigests, statesOnDisk, untilLevel } from "./support/same-state.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";

const kinds: readonly ServerKind[] = ["apache", "ensemble", "apache-3.8", "apache", "ensemble"];
/** How long the load goes on under one leader, in ms. */
const REIGN_MS = 1000;
/** Leaders of each kind that must have been killed, and when to give up on it. */
const KILLED_OF_EACH = 2;
const ROUNDS_MAX = 12;

const installers = (["3.9", "3.8"] as const).map((line) => () => installApacheZooKeeper(line));

await describeWithPeers("Five voters of Apache's and ours under load", installers, () => {
  let group: ServerGroup;

  beforeAll(async () => {
    group = await ServerGroup.layOut(5, { snapCount: 1000 });
    for (const id of group.ids) await group.launch(kindOf(id), id);
    await group.untilServing();
  });

  afterAll(async () => {
    await group.remove();
  });

  const kindOf = (id: number): ServerKind => kinds[id - 1] ?? "apache";

  const isOurs = (id: number): boolean => kindOf(id) === "ensemble";

  test("keep what they acknowledged while their leaders are killed", async () => {
    const load = await Workload.start(group.connectString, "/load");
    const killed: number[] = [];
    const isEnough = (): boolean => {
      const ours = killed.filter(isOurs).length;
      return Math.min(ours, killed.length - ours) >= KILLED_OF_EACH;
    };
    while (!isEnough() && killed.length < ROUNDS_MAX) {
      await load.progress(5);
      await sleep(REIGN_MS);
      const leader = await group.leader();
      await group.kill([leader]);
      killed.push(leader);
      await group.leader();
      await group.launch(kindOf(leader), leader);
      await group.untilServing();
    }
    expect(isEnough(), `leaders that were killed: ${killed.join(", ")}`).toBe(true);
    await load.progress(20);
    const history = await load.finish();
    const [first, ...others] = await Promise.all(
      group.ids.map((id) => dumpTree(group.addressOf(id))),
    );
    expect(findViolations(history, first!)).toEqual([]);
    for (const other of others) {
      expect(withoutConfig(other)).toEqual(withoutConfig(first!));
    }
  });

  test("have the same digests, in memory and on disk, and ours no complaints", async () => {
    await untilLevel(group, group.ids);
    await expectSameDigests(group, group.ids);
    await group.kill();
    const [first, ...others] = await statesOnDisk(group, group.ids);
    expect(others).toEqual(others.map(() => first));
    expect(await group.complaints(["ensemble"])).toEqual([]);
  });
});

/** Each server makes this node for itself, at a time of its own. */
function withoutConfig(dump: TreeDump): string[] {
  return formatDump(dump).filter((line) => !line.startsWith("/zookeeper/config "));
}

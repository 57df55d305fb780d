/**
 * Observers that learn from followers, where one of both is Apache's: an observer of ours at
 * followers of Apache's, and Apache's at ours. Each server has an address of its own, since all
 * have the same port for observers.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unusualWarnings } from "./support/apache-warnings.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { askFourLetterWord } from "./support/four-letter-word.ts";
import { busyTreeConfig } from "./support/busy-tree.ts";
import { connectTo, expectSameTrees, moveSession, useAll } from "./support/mixed-use.ts";
import { findFreePorts } from "./support/ports.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { statesOnDisk, untilLevel } from "./support/same-state.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";

const VOTERS = [1, 2, 3];
const OBSERVER = 4;
const OTHER_OBSERVER = 5;
/** Apache's observers try the leader's port for observers as well, where nobody listens. */
const LEADER_TRIED = /Learner - (?:Unexpected exception, retries exceeded|Failed connect to)/u;
/**
 * Apache's servers note a transaction's digest a moment after they have applied it. A snapshot that
 * ends in that moment has more than its digest, which they tell when they start with their own
 * files. While they run they compare each transaction, and tell in another thread.
 */
const SNAPSHOT_RACE = /\[main\] WARN {2}o\.a\.z\.s\.DataTree - Message:Digests are not matching/u;
/** Apache's followers interrupt themselves when they stop following. */
const OBSERVER_GONE = /LearnerHandler - Ignoring unexpected exception/u;

const install = [() => installApacheZooKeeper("3.9")];

await describeWithPeers("Observers at followers", install, () => {
  describe.each<[voters: ServerKind, observer: ServerKind]>([
    ["apache", "ensemble"],
    ["ensemble", "apache"],
  ])("of %s, as %s", (voters, observer) => {
    let group: ServerGroup;

    beforeAll(async () => {
      const [observerMasterPort = 0] = await findFreePorts(1);
      group = await ServerGroup.layOut(
        5,
        {
          ...busyTreeConfig,
          observerMasterPort,
          initLimit: 20,
          syncLimit: 10,
          snapCount: 1000,
        },
        { observers: [OBSERVER, OTHER_OBSERVER], hasOwnAddresses: true },
      );
      await group.start(voters, VOTERS);
      await group.start(observer, [OBSERVER]);
      // Of the same kind as the voters: what is between observers does not depend on theirs.
      await group.start(voters, [OTHER_OBSERVER]);
    });

    afterAll(() => group.remove());

    async function observersOf(id: number): Promise<number> {
      const text = await askFourLetterWord("127.0.0.1", group.member(id).ports.client, "mntr");
      return Number(/^zk_synced_observers\s+(\d+)/mu.exec(text)?.[1] ?? 0);
    }

    /** The followers that run, those with observers first. */
    async function followers(): Promise<[id: number, observers: number][]> {
      const leader = await group.leader();
      const others = VOTERS.filter((id) => id !== leader && group.isRunning(id));
      const counts = await Promise.all(
        others.map(async (id): Promise<[number, number]> => [id, await observersOf(id)]),
      );
      return counts.sort(([, one], [, other]) => other - one);
    }

    async function expectAtFollowers(): Promise<void> {
      const count = async (): Promise<number> =>
        (await followers()).reduce((sum, [, observers]) => sum + observers, 0);
      await expect.poll(count, { timeout: 60_000 }).toBe(2);
      expect(await observersOf(await group.leader())).toBe(0);
    }

    async function write(id: number, parent: string, count: number): Promise<void> {
      const client = await connectTo(group, id);
      await client.create(parent);
      const names = Array.from({ length: count }, (_, index) => `${parent}/${index}`);
      await Promise.all(names.map((path) => client.create(path, "x")));
      await client.close();
    }

    test("they learn from a follower, and clients see no difference", async () => {
      await expectAtFollowers();
      await useAll(group, group.ids, "/use");
    });

    test("sessions move to them, between them, and away from them", async () => {
      const others = [await group.leader(), ...(await followers()).map(([id]) => id)];
      for (const other of [...others, OTHER_OBSERVER]) {
        await moveSession(group, other, OBSERVER);
        await moveSession(group, OBSERVER, other);
      }
    });

    test("a sync shows what was written before it", async () => {
      const writer = await connectTo(group, await group.leader());
      const reader = await connectTo(group, OBSERVER);
      await writer.create("/counter", "0");
      for (let count = 1; count <= 50; count++) {
        await writer.setData("/counter", String(count));
        await reader.sync("/counter");
        expect((await reader.getData("/counter")).data?.toString()).toBe(String(count));
      }
      await Promise.all([writer.close(), reader.close()]);
    });

    test("they catch up from a follower, by little and by much", async () => {
      for (const count of [3, 700]) {
        await group.kill([OBSERVER]);
        await write(await group.leader(), `/missed-${count}`, count);
        await group.start(observer, [OBSERVER]);
        await expectSameTrees(group, group.ids);
      }
    });

    test("they go to another follower with their sessions, when theirs is killed", async () => {
      const client = await connectTo(group, OBSERVER);
      const { sessionId } = client;
      await client.create("/mine", "", { mode: "ephemeral" });
      const [[master]] = (await followers()) as [[number, number]];
      await group.kill([master]);
      await group.untilServing([OBSERVER, OTHER_OBSERVER]);
      await write(OBSERVER, "/after-the-kill", 20);
      await expectAtFollowers();
      await group.start(voters, [master]);
      await client.sync("/");
      expect((await client.exists("/mine"))?.ephemeralOwner).toBe(sessionId);
      await client.close();
      await expectSameTrees(group, group.ids);
    });

    test("they go on after an election, with their sessions", async () => {
      const client = await connectTo(group, OBSERVER);
      await client.create("/mine", "", { mode: "ephemeral" });
      const leader = await group.leader();
      await group.kill([leader]);
      await group.leader();
      await group.start(voters, [leader]);
      await group.untilServing([OBSERVER, OTHER_OBSERVER]);
      await expectAtFollowers();
      await client.sync("/");
      expect(await client.exists("/mine")).not.toBeNull();
      await client.close();
      await expectSameTrees(group, group.ids);
    });

    test("all disks hold the same, and nobody has logged an error", async () => {
      await untilLevel(group, group.ids);
      await group.kill();
      const [first, ...others] = await statesOnDisk(group, group.ids);
      expect(others).toEqual(others.map(() => first));
      const complaints = await group.complaints();
      const isUsual = (line: string): boolean =>
        LEADER_TRIED.test(line) || SNAPSHOT_RACE.test(line);
      expect(complaints.filter((line) => !isUsual(line))).toEqual([]);
      const warnings = await unusualWarnings(group);
      expect(warnings.filter((line) => !OBSERVER_GONE.test(line))).toEqual([]);
    });
  });
});

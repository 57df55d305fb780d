/**
 * Two observers that learn from followers of an ensemble of three, among real processes. Each
 * server has an address of its own, since all have the same port for observers. Observers are
 * servers 4 and 5; clients are with them alone.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askFourLetterWord } from "../compat/support/four-letter-word.ts";
import { connectStringOf } from "../compat/support/member-layout.ts";
import { connectTo, expectSameTrees, moveSession } from "../compat/support/mixed-use.ts";
import { findFreePorts } from "../compat/support/ports.ts";
import { ServerGroup } from "../compat/support/server-group.ts";
import { eventually } from "./support/test-ensemble.ts";
import { dumpTree } from "./support/tree-dump.ts";
import { Workload } from "./support/workload.ts";
import { findViolations } from "./support/write-history.ts";

const TEST_TIMEOUT_MS = 120_000;
const VOTERS = [1, 2, 3];
const OBSERVERS = [4, 5];

describe("Observers of three voters", () => {
  let group: ServerGroup;

  beforeAll(async () => {
    const [observerMasterPort = 0] = await findFreePorts(1);
    group = await ServerGroup.layOut(
      5,
      { observerMasterPort, initLimit: 10, syncLimit: 4, globalOutstandingLimit: 1000 },
      { observers: OBSERVERS, hasOwnAddresses: true },
    );
    await group.start("ensemble");
  }, TEST_TIMEOUT_MS);

  afterAll(() => group.remove());

  const observersAddress = (): string => connectStringOf(OBSERVERS.map((id) => group.member(id)));

  /** How many observers learn from a server. */
  async function observersOf(id: number): Promise<number> {
    const text = await askFourLetterWord("127.0.0.1", group.member(id).ports.client, "mntr");
    return Number(/^zk_synced_observers\s+(\d+)$/mu.exec(text)?.[1]);
  }

  /** The followers that run. */
  async function followers(): Promise<number[]> {
    const leader = await group.leader();
    return VOTERS.filter((id) => id !== leader && group.isRunning(id));
  }

  /** A follower with an observer. */
  async function busyFollower(): Promise<number> {
    for (const id of await followers()) if ((await observersOf(id)) > 0) return id;
    throw new Error("No follower has an observer");
  }

  async function untilWithFollowers(): Promise<void> {
    await eventually("both observers learn from followers", async () => {
      const counts = await Promise.all((await followers()).map(observersOf));
      return counts.reduce((sum, count) => sum + count, 0) === OBSERVERS.length;
    });
  }

  it("learn from the followers, and the leader has none", async () => {
    await untilWithFollowers();
    expect(await observersOf(await group.leader())).toBe(0);
  });

  it(
    "serve clients whose sessions move among all servers",
    { timeout: TEST_TIMEOUT_MS },
    async () => {
      const [follower = 0] = await followers();
      const leader = await group.leader();
      for (const [from, to] of [
        [4, 5],
        [5, 4],
        [4, follower],
        [follower, 4],
        [5, leader],
        [leader, 5],
      ] as const) {
        await moveSession(group, from, to);
      }
    },
  );

  it("show what a sync asked for", { timeout: TEST_TIMEOUT_MS }, async () => {
    const writer = await connectTo(group, await group.leader());
    const readers = await Promise.all(OBSERVERS.map((id) => connectTo(group, id)));
    await writer.create("/counter", "0");
    for (let count = 1; count <= 100; count++) {
      await writer.setData("/counter", String(count));
      for (const reader of readers) {
        await reader.sync("/counter");
        expect((await reader.getData("/counter")).data?.toString()).toBe(String(count));
      }
    }
    await Promise.all([writer, ...readers].map((client) => client.close()));
  });

  it(
    "keep idle sessions alive for longer than their timeout",
    { timeout: TEST_TIMEOUT_MS },
    async () => {
      const options = { sessionTimeoutMs: 1000 };
      const clients = await Promise.all(
        OBSERVERS.map((id) => EnsembleClient.connect(group.addressOf(id), options)),
      );
      for (const client of clients)
        await client.create(`/idle-${client.sessionId}`, "", { mode: "ephemeral" });
      await sleep(5000);
      for (const client of clients) {
        expect(await client.exists(`/idle-${client.sessionId}`)).not.toBeNull();
        await client.close();
      }
    },
  );

  /** Does `hurt` under load; what clients of observers were told must be so, and their sessions live on. */
  async function liveThrough(root: string, hurt: () => Promise<void>): Promise<void> {
    const options = { sessionTimeoutMs: 10_000 };
    const owners = await Promise.all(
      OBSERVERS.map((id) => EnsembleClient.connect(group.addressOf(id), options)),
    );
    const ids = owners.map(({ sessionId }) => sessionId);
    for (const owner of owners)
      await owner.create(`${root}-${owner.sessionId}`, "", { mode: "ephemeral" });
    const load = await Workload.start(observersAddress(), root);
    await load.progress(20);
    await hurt();
    await load.progress(40);
    const history = await load.finish();
    expect(findViolations(history, await dumpTree(group.addressOf(await group.leader())))).toEqual(
      [],
    );
    for (const [index, owner] of owners.entries()) {
      await owner.sync("/");
      expect(await owner.exists(`${root}-${owner.sessionId}`)).not.toBeNull();
      expect(owner.sessionId).toBe(ids[index]);
      await owner.close();
    }
  }

  it("go to another follower when theirs is killed", { timeout: TEST_TIMEOUT_MS }, async () => {
    for (let round = 0; round < 3; round++) {
      const master = await busyFollower();
      await liveThrough(`/killed-${round}`, async () => {
        await group.kill([master]);
        await group.untilServing(OBSERVERS);
        await untilWithFollowers();
      });
      await group.start("ensemble", [master]);
      await expectSameTrees(group, group.ids);
    }
  });

  it("live through the end of the leader", { timeout: TEST_TIMEOUT_MS }, async () => {
    const leader = await group.leader();
    await liveThrough("/leaderless", () => group.kill([leader]));
    await group.start("ensemble", [leader]);
    await expectSameTrees(group, group.ids);
  });

  it("live through a hand-over", { timeout: TEST_TIMEOUT_MS }, async () => {
    const leader = await group.leader();
    await liveThrough("/handed-over", () => group.stop([leader]));
    await group.start("ensemble", [leader]);
    await expectSameTrees(group, group.ids);
  });

  it("live through it all without an error in any log", async () => {
    expect(await group.complaints()).toEqual([]);
  });
});

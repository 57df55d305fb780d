/**
 * Our leader hands over in a quorum with Apache's servers: they are told nothing that they do not
 * know, and what they see is a leader that resigns, with everything answered and on their disks.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askAdminJson, enableAdminServers } from "./support/admin-client.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import { dumpTree, superUser } from "./support/tree-dump.ts";

const APACHE = [1, 2];
const OURS = 3;

await describeWithPeers("A leader of ours among Apache's", [installApacheZooKeeper], () => {
  let group: ServerGroup;
  let adminPort: number;

  beforeAll(async () => {
    group = await ServerGroup.layOut(3, superUser.config);
    adminPort = (await enableAdminServers(group))[OURS - 1] ?? 0;
    await Promise.all([group.start("ensemble", [OURS]), group.start("apache", APACHE)]);
  });

  afterAll(async () => {
    await group.remove();
  });

  const transfer = (query = ""): Promise<Record<string, unknown>> =>
    askAdminJson(adminPort, `/commands/transfer_leadership${query}`, {
      method: "POST",
      headers: { Authorization: "ip" },
    });

  /** Makes ours the leader, by stopping Apache's when one of them is. */
  async function lead(): Promise<void> {
    const leader = await group.leader();
    if (leader === OURS) return;
    await group.stop([leader]);
    await group.untilServing(group.ids.filter((id) => id !== leader));
    await group.start("apache", [leader]);
    expect(await group.leader()).toBe(OURS);
  }

  async function expectHealth(): Promise<void> {
    await group.untilServing(group.ids);
    const trees = await Promise.all(group.ids.map((id) => dumpTree(group.addressOf(id))));
    for (const tree of trees.slice(1)) expect(tree).toEqual(trees[0]);
    for (const id of APACHE) {
      expect(await group.log("apache", id)).not.toMatch(/unknown packet|unexpected packet/iu);
    }
  }

  test("resigns in favour of one of Apache's, under load; nothing acknowledged is lost", async () => {
    await lead();
    const client = await EnsembleClient.connect(group.connectString, { sessionTimeoutMs: 10_000 });
    await client.create("/resigning");
    let isOver = false;
    const acknowledged: string[] = [];
    const writing = (async () => {
      for (let n = 0; !isOver; n++) {
        const made = await client.create(`/resigning/${n}`).catch(() => undefined);
        if (made !== undefined) acknowledged.push(made);
      }
    })();
    await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(20);
    const answer = await transfer();
    expect(answer).toMatchObject({ error: null, leader_id: 2 });
    const before = acknowledged.length;
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(before + 20);
    isOver = true;
    await writing;
    await client.sync("/");
    const { children } = await client.getChildren("/resigning");
    for (const path of acknowledged) expect(children).toContain(path.slice("/resigning/".length));
    await client.close();
    await expectHealth();
  });

  test("resigns before it stops", async () => {
    await lead();
    await group.stop([OURS]);
    expect(await group.leader()).toBe(2);
    await group.start("ensemble", [OURS]);
    await expectHealth();
  });
});

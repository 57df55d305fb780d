/**
 * Two Apache servers, of either line, and one of ours in one quorum, in every role: ours follows,
 * ours leads, each falls away and comes back. The tests of a line share one ensemble and build on
 * each other, in order.
 */
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { JuteWriter, OpCode, openAcl, writeCreateRequest } from "../../src/wire/index.ts";
import { unusualWarnings } from "./support/apache-warnings.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { connectTo, moveSession, useAll } from "./support/mixed-use.ts";
import { RawSession } from "./support/raw-session.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { statesOnDisk, untilLevel } from "./support/same-state.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";
import { dumpTree, superUser } from "./support/tree-dump.ts";

const APACHE = [1, 2];
const OURS = 3;
/** More than a leader keeps at hand (`commitLogCount`): who missed them all needs a snapshot. */
const MANY = 700;

for (const line of ["3.9", "3.8"] as const) {
  const install = (): Promise<unknown> => installApacheZooKeeper(line);
  await describeWithPeers(`A quorum of servers of Apache ${line} and ours`, [install], () => {
    playStory(line === "3.9" ? "apache" : "apache-3.8");
  });
}

function playStory(apache: ServerKind): void {
  let group: ServerGroup;
  let round = 0;

  beforeAll(async () => {
    // -1: an Apache leader, like ours, sends what it has in memory, and else a snapshot.
    const config = { ...superUser.config, commitLogCount: 500, snapshotSizeFactor: -1 };
    group = await ServerGroup.layOut(3, config);
  });

  afterAll(async () => {
    await group.remove();
  });

  const useMembers = (ids: readonly number[]): Promise<void> => {
    round += 1;
    return useAll(group, ids, `/round-${round}`);
  };

  const kindOf = (id: number): ServerKind => (id === OURS ? "ensemble" : apache);

  const connect = (id: number): Promise<EnsembleClient> => connectTo(group, id);

  const move = (from: number, to: number): Promise<void> => moveSession(group, from, to);

  /**
   * Lets the leader, which must be of `kind`, log a write that nobody else gets; then everybody
   * else goes on without it. Returns the id of the server that is left behind, and down.
   */
  async function leaveUncommitted(kind: ServerKind): Promise<number> {
    const leader = await group.leader();
    expect(kindOf(leader)).toBe(kind);
    const others = group.ids.filter((id) => id !== leader);
    const client = await RawSession.open({ port: group.member(leader).ports.client });
    // Who lacks what the session's begin has added to the log could not win the election.
    await untilLevel(group, group.ids);
    await group.pause(others);
    const node = { path: "/uncommitted", data: null, acl: openAcl, flags: 0, ttlMs: undefined };
    const body = new JuteWriter();
    writeCreateRequest(body, node);
    const reply = client.request(OpCode.create, body.takeCopy());
    await expect.poll(() => hasLogged(leader, node.path), { timeout: 2000 }).toBe(true);
    await group.kill();
    expect(await reply).toBeNull();
    await Promise.all(others.map((id) => group.start(kindOf(id), [id])));
    return leader;
  }

  async function hasLogged(id: number, path: string): Promise<boolean> {
    const folder = join(group.member(id).dataFolder, "version-2");
    for (const file of await readdir(folder)) {
      if (file.startsWith("log.") && (await readFile(join(folder, file))).includes(path))
        return true;
    }
    return false;
  }

  async function expectCut(): Promise<void> {
    await useMembers(group.ids);
    const client = await connect(OURS);
    expect(await client.exists("/uncommitted")).toBeNull();
    await client.close();
  }

  /** Starts a member; what it logs until it serves. */
  async function logOfStart(kind: ServerKind, id: number): Promise<string> {
    const before = await group.log(kind, id);
    await group.start(kind, [id]);
    return (await group.log(kind, id)).slice(before.length);
  }

  async function writeMany(id: number, parent: string): Promise<void> {
    const client = await connect(id);
    await client.create(parent);
    await Promise.all(
      Array.from({ length: MANY }, (_, index) => client.create(`${parent}/${index}`, "x")),
    );
    await client.close();
  }

  test("ours joins two Apache servers and follows", async () => {
    await group.start(apache, APACHE);
    await useMembers(APACHE);
    await group.start("ensemble", [OURS]);
    expect(APACHE).toContain(await group.leader());
    await useMembers(group.ids);
  });

  test("sessions move between Apache's followers, leader, and ours", async () => {
    const leader = await group.leader();
    const follower = APACHE.find((id) => id !== leader) ?? 0;
    await move(leader, OURS);
    await move(OURS, follower);
    await move(follower, OURS);
  });

  test("ours catches up by what it missed, and by a snapshot when that is too much", async () => {
    await group.kill([OURS]);
    const [one = 0] = APACHE;
    const client = await connect(one);
    await client.create("/missed", "few");
    await client.close();
    await group.start("ensemble", [OURS]);
    await useMembers(group.ids);
    await group.stop([OURS]);
    await writeMany(one, "/missed-by-ours");
    expect(await logOfStart("ensemble", OURS)).toMatch(/History is cut or replaced.*"type":15/u);
    await useMembers(group.ids);
  });

  test("a client on ours outlives the death of the Apache leader; ours leads after it", async () => {
    const client = await EnsembleClient.connect(group.connectString, { sessionTimeoutMs: 10_000 });
    await client.create("/held", "", { mode: "ephemeral" });
    const leader = await group.leader();
    await group.kill([leader]);
    expect(await group.leader()).toBe(OURS);
    const left = group.ids.filter((id) => id !== leader);
    await group.untilServing(left);
    await expect.poll(() => client.state, { timeout: 10_000 }).toBe("connected");
    expect((await client.exists("/held"))?.ephemeralOwner).toBe(client.sessionId);
    await client.close();
    await useMembers(left);
    await group.start(apache, [leader]);
    expect(await group.leader()).toBe(OURS);
    await useMembers(group.ids);
  });

  test("sessions move to and from ours when it leads, and expire there", async () => {
    const [one = 0, two = 0] = APACHE;
    await move(one, OURS);
    await move(OURS, two);
    await move(one, two);
    const port = group.member(one).ports.client;
    const silent = await RawSession.open({ port, timeoutMs: 1000 });
    const busy = await EnsembleClient.connect(group.addressOf(two), { sessionTimeoutMs: 1000 });
    await busy.create("/busy", "", { mode: "ephemeral" });
    // Its server hears nothing of it any more, and so does the leader: it expires.
    await expect.poll(() => silent.isClosed, { timeout: 10_000 }).toBe(true);
    expect((await busy.exists("/busy"))?.ephemeralOwner).toBe(busy.sessionId);
    await busy.close();
  });

  test("an Apache server catches up from ours, by what it missed and by a snapshot", async () => {
    const [one = 0] = APACHE;
    await group.kill([one]);
    const client = await connect(OURS);
    await client.create("/missed-by-apache", "few");
    await client.close();
    await group.start(apache, [one]);
    await useMembers(group.ids);
    await group.stop([one]);
    await writeMany(OURS, "/missed-by-apache/many");
    expect(await logOfStart(apache, one)).toMatch(/Getting a snapshot from leader/u);
    await useMembers(group.ids);
    await group.stop([one]);
    await rm(join(group.member(one).dataFolder, "version-2"), { recursive: true });
    await group.start(apache, [one]);
    await useMembers(group.ids);
  });

  test("after kill -9 of ours as leader an Apache server leads, and ours follows it", async () => {
    await group.kill([OURS]);
    await group.untilServing(APACHE);
    expect(APACHE).toContain(await group.leader());
    await useMembers(APACHE);
    await group.start("ensemble", [OURS]);
    await useMembers(group.ids);
  });

  test("ours cuts off an Apache server's log what no quorum has", async () => {
    const stale = await leaveUncommitted(apache);
    expect(await group.leader()).toBe(OURS);
    await useMembers(group.ids.filter((id) => id !== stale));
    expect(await logOfStart(apache, stale)).toMatch(/Truncating log to get in sync/u);
    await expectCut();
  });

  test("an Apache server cuts off our log what no quorum has", async () => {
    expect(await leaveUncommitted("ensemble")).toBe(OURS);
    // Apache cuts only while nothing has been proposed in the new epoch; it sends all else.
    expect(await logOfStart("ensemble", OURS)).toMatch(/History is cut or replaced.*"type":14/u);
    await expectCut();
  });

  test("after kill -9 of all three everything is there again", async () => {
    const before = await dumpTree(group.addressOf(OURS));
    await untilLevel(group, group.ids);
    await group.kill();
    const [ours, ...others] = await statesOnDisk(group, [OURS, ...APACHE]);
    expect(others).toEqual(APACHE.map(() => ours));
    await Promise.all([group.start("ensemble", [OURS]), group.start(apache, APACHE)]);
    const after = await dumpTree(group.addressOf(OURS));
    expect(after).toEqual(before);
    await useMembers(group.ids);
  });

  test("nobody has logged an error, or another digest than the one proposed", async () => {
    expect(await group.complaints()).toEqual([]);
    expect(await unusualWarnings(group)).toEqual([]);
  });
}

/**
 * Two Apache servers and one of ours in one quorum, in every role: ours follows, ours leads, each
 * falls away and comes back. The tests share one ensemble and build on each other, in order.
 */
import { readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { JuteWriter, OpCode, openAcl, writeCreateRequest } from "../../src/wire/index.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { RawSession } from "./support/raw-session.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";
import { dumpTree, superUser } from "./support/tree-dump.ts";

const APACHE = [1, 2];
const OURS = 3;
/** More than a leader keeps at hand (`commitLogCount`): who missed them all needs a snapshot. */
const MANY = 700;

await describeWithPeers("A quorum of Apache's servers and ours", [installApacheZooKeeper], () => {
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

  const connect = (id: number): Promise<EnsembleClient> =>
    EnsembleClient.connect(group.addressOf(id), { sessionTimeoutMs: 10_000 });

  /** All of a client's life through each of `ids`, seen through each other one. */
  async function useAll(ids: readonly number[]): Promise<void> {
    round += 1;
    const root = `/round-${round}`;
    const clients = await Promise.all(ids.map(connect));
    const [first] = clients;
    await first?.create(root);
    for (const client of clients) {
      await client.sync("/");
      const mine = `${root}/${client.sessionId.toString(16)}`;
      const events: string[] = [];
      for (const other of clients) {
        await other.sync("/");
        await other.getChildren(root, { watch: ({ type }) => events.push(type) });
      }
      await client.create(mine, "1", { mode: "ephemeral" });
      await client.setData(mine, "2", 0);
      await expect(client.setData(mine, "3", 0)).rejects.toMatchObject({ code: "badVersion" });
      await client.create(`${root}/s-`, null, { mode: "persistentSequential" });
      await client.multi([
        { type: "create", path: `${mine}-multi`, data: "m" },
        { type: "check", path: mine, version: 1 },
        { type: "setData", path: `${mine}-multi`, data: "n" },
      ]);
      const failing = client.multi([
        { type: "create", path: `${mine}-never` },
        { type: "delete", path: `${root}/nobody` },
      ]);
      await expect(failing).rejects.toMatchObject({ failedIndex: 1 });
      await client.addAuth("digest", "me:secret");
      await client.create(`${mine}-private`, "p", {
        acl: [{ perms: 31, id: { scheme: "auth", id: "" } }],
      });
      await expect.poll(() => events.length, { timeout: 5000 }).toBe(clients.length);
      for (const other of clients) {
        await other.sync("/");
        expect((await other.getData(mine)).data?.toString()).toBe("2");
        expect((await other.exists(mine))?.ephemeralOwner).toBe(client.sessionId);
        expect((await other.getData(`${mine}-multi`)).data?.toString()).toBe("n");
        expect(await other.exists(`${mine}-never`)).toBeNull();
      }
    }
    for (const client of clients.slice(1)) await client.close();
    await first?.sync("/");
    const { children } = (await first?.getChildren(root)) ?? {};
    expect(children?.filter((name) => /^[0-9a-f-]+$/u.test(name))).toHaveLength(1);
    await first?.close();
    await expectSameTrees(ids);
  }

  async function expectSameTrees(ids: readonly number[]): Promise<void> {
    const [first, ...others] = await Promise.all(ids.map((id) => dumpTree(group.addressOf(id))));
    for (const other of others) expect(other).toEqual(first);
  }

  /** A session that begins on one server goes on at another one. */
  async function moveSession(from: number, to: number): Promise<void> {
    const before = await RawSession.open({ port: group.member(from).ports.client });
    const after = await RawSession.open({
      port: group.member(to).ports.client,
      resume: before.granted,
    });
    expect(after.granted).toEqual(before.granted);
    before.drop();
    await after.close();
    const again = await RawSession.open({
      port: group.member(from).ports.client,
      resume: before.granted,
    });
    expect(again.granted.timeoutMs).toBe(0);
    again.drop();
  }

  /**
   * Lets the leader, which must be of `kind`, log a write that nobody else gets; then everybody
   * else goes on without it. Returns the id of the server that is left behind, and down.
   */
  async function leaveUncommitted(kind: ServerKind): Promise<number> {
    const leader = await group.leader();
    expect(leader === OURS ? "ensemble" : "apache").toBe(kind);
    const others = group.ids.filter((id) => id !== leader);
    const client = await RawSession.open({ port: group.member(leader).ports.client });
    await group.pause(others);
    const node = { path: "/uncommitted", data: null, acl: openAcl, flags: 0, ttlMs: undefined };
    const body = new JuteWriter();
    writeCreateRequest(body, node);
    const reply = client.request(OpCode.create, body.takeCopy());
    await expect.poll(() => hasLogged(leader, node.path), { timeout: 2000 }).toBe(true);
    await group.kill();
    expect(await reply).toBeNull();
    await Promise.all(others.map((id) => group.start(id === OURS ? "ensemble" : "apache", [id])));
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
    await useAll(group.ids);
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
    await group.start("apache", APACHE);
    await useAll(APACHE);
    await group.start("ensemble", [OURS]);
    expect(APACHE).toContain(await group.leader());
    await useAll(group.ids);
  });

  test("sessions move between Apache's followers, leader, and ours", async () => {
    const leader = await group.leader();
    const follower = APACHE.find((id) => id !== leader) ?? 0;
    await moveSession(leader, OURS);
    await moveSession(OURS, follower);
    await moveSession(follower, OURS);
  });

  test("ours catches up by what it missed, and by a snapshot when that is too much", async () => {
    await group.kill([OURS]);
    const [one = 0] = APACHE;
    const client = await connect(one);
    await client.create("/missed", "few");
    await client.close();
    await group.start("ensemble", [OURS]);
    await useAll(group.ids);
    await group.stop([OURS]);
    await writeMany(one, "/missed-by-ours");
    expect(await logOfStart("ensemble", OURS)).toMatch(/History is cut or replaced.*"type":15/u);
    await useAll(group.ids);
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
    await useAll(left);
    await group.start("apache", [leader]);
    expect(await group.leader()).toBe(OURS);
    await useAll(group.ids);
  });

  test("sessions move to and from ours when it leads, and expire there", async () => {
    const [one = 0, two = 0] = APACHE;
    await moveSession(one, OURS);
    await moveSession(OURS, two);
    await moveSession(one, two);
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
    await group.start("apache", [one]);
    await useAll(group.ids);
    await group.stop([one]);
    await writeMany(OURS, "/missed-by-apache/many");
    expect(await logOfStart("apache", one)).toMatch(/Getting a snapshot from leader/u);
    await useAll(group.ids);
    await group.stop([one]);
    await rm(join(group.member(one).dataFolder, "version-2"), { recursive: true });
    await group.start("apache", [one]);
    await useAll(group.ids);
  });

  test("after kill -9 of ours as leader an Apache server leads, and ours follows it", async () => {
    await group.kill([OURS]);
    await group.untilServing(APACHE);
    expect(APACHE).toContain(await group.leader());
    await useAll(APACHE);
    await group.start("ensemble", [OURS]);
    await useAll(group.ids);
  });

  test("ours cuts off an Apache server's log what no quorum has", async () => {
    const stale = await leaveUncommitted("apache");
    expect(await group.leader()).toBe(OURS);
    await useAll(group.ids.filter((id) => id !== stale));
    expect(await logOfStart("apache", stale)).toMatch(/Truncating log to get in sync/u);
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
    await group.kill();
    await Promise.all([group.start("ensemble", [OURS]), group.start("apache", APACHE)]);
    const after = await dumpTree(group.addressOf(OURS));
    expect(after).toEqual(before);
    await useAll(group.ids);
  });

  test("nobody has logged an error, or another digest than the one proposed", async () => {
    // A leader of Apache's calls it an error that a learner of its was killed.
    const complaints = (await group.complaints()).filter(
      (line) => !line.endsWith("Unexpected exception in LearnerHandler: "),
    );
    expect(complaints).toEqual([]);
  });
});

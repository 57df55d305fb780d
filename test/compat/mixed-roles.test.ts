/**
 * Five servers of three programs: voters of Apache 3.9, Apache 3.8 and ours, and observers of
 * Apache 3.9 and ours, under leaders of each kind. Beside what clients see, the files and logs of
 * Apache's servers tell that nothing reached them that ZooKeeper does not know. The tests share one
 * ensemble and build on each other, in order.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inspectLogFile } from "../../src/storage/index.ts";
import { OpCode, decodeTxn } from "../../src/wire/index.ts";
import { unusualWarnings } from "./support/apache-warnings.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { connectTo, expectSameTrees, moveSession, useAll } from "./support/mixed-use.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { statesOnDisk, untilLevel } from "./support/same-state.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";
import { busyTreeConfig, writeRound } from "./support/busy-tree.ts";

const kinds: readonly ServerKind[] = ["apache", "apache-3.8", "ensemble", "apache", "ensemble"];
const [OURS, APACHE_OBSERVER, OUR_OBSERVER] = [3, 4, 5];
/** More than a leader keeps at hand. */
const MANY = 700;
/** What a log of ZooKeeper's may hold; 3.8 and 3.9 know the same. */
const KNOWN_TYPES = new Set<number>([
  OpCode.create,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.multi,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.deleteContainer,
  OpCode.createTTL,
  OpCode.createSession,
  OpCode.closeSession,
  OpCode.error,
]);

const installers = (["3.9", "3.8"] as const).map((line) => () => installApacheZooKeeper(line));

await describeWithPeers("Voters and observers of Apache 3.8, 3.9 and ours", installers, () => {
  let group: ServerGroup;
  let round = 0;

  beforeAll(async () => {
    const look = "znode.container.checkIntervalMs";
    group = await ServerGroup.layOut(
      5,
      {
        ...busyTreeConfig,
        commitLogCount: 500,
        snapshotSizeFactor: -1,
        snapCount: 400,
        enforceQuota: true,
        "autopurge.snapRetainCount": 1000,
        [look]: 500,
      },
      { observers: [APACHE_OBSERVER, OUR_OBSERVER], jvmFlags: [`-D${look}=500`] },
    );
  });

  afterAll(async () => {
    await group.remove();
  });

  const kindOf = (id: number): ServerKind => kinds[id - 1] ?? "apache";

  const start = async (...ids: readonly number[]): Promise<void> => {
    for (const id of ids) await group.launch(kindOf(id), id);
    await group.untilServing(ids);
  };

  /** Everything there is to do, through every server and under the leader that there is. */
  async function liveUnder(kind: RegExp): Promise<void> {
    expect(kindOf(await group.leader())).toMatch(kind);
    round += 1;
    await useAll(group, group.ids, `/use-${round}`);
    await writeRound(group.addressOf(OURS), 2 * round - 1);
    await writeRound(group.addressOf(APACHE_OBSERVER), 2 * round);
    await keepQuota(round);
    await reap(round);
    await moveSession(group, OUR_OBSERVER, APACHE_OBSERVER);
    await moveSession(group, APACHE_OBSERVER, OUR_OBSERVER);
    await expectSameTrees(group, group.ids);
  }

  /** A quota that each server counts for itself, and that the leader enforces. */
  async function keepQuota(number: number): Promise<void> {
    const client = await connectTo(group, OUR_OBSERVER);
    const [path, quota] = [`/quota-${number}`, `/zookeeper/quota/quota-${number}`];
    await client.create(path, "12345");
    await client.create(quota);
    await client.create(`${quota}/zookeeper_limits`, "count=-1,bytes=-1=;countHardLimit=3");
    await client.create(`${quota}/zookeeper_stats`, "count=1,bytes=5");
    await client.create(`${path}/kid`, "123");
    await client.create(`${path}/other`, "");
    const tooMany = client.create(`${path}/more`);
    await expect(tooMany).rejects.toMatchObject({ code: "quotaExceeded" });
    await client.delete(`${path}/other`);
    const { data } = await client.getData(`${quota}/zookeeper_stats`);
    expect(data?.toString()).toBe("count=2,bytes=8");
    await client.close();
  }

  /** Containers and nodes with a time to live end by themselves, and everybody hears of it. */
  async function reap(number: number): Promise<void> {
    const watcher = await connectTo(group, OUR_OBSERVER);
    const client = await connectTo(group, APACHE_OBSERVER);
    const [container, ttl] = [`/container-${number}`, `/ttl-${number}`];
    await client.create(container, "", { mode: "container" });
    await client.create(`${container}/kid`);
    await client.create(ttl, "", { mode: "persistentWithTtl", ttlMs: 300 });
    await watcher.sync("/");
    const gone: string[] = [];
    for (const path of [container, ttl]) {
      await watcher.exists(path, { watch: (event) => gone.push(`${event.type} ${event.path}`) });
    }
    await client.delete(`${container}/kid`);
    await expect.poll(() => gone.length, { timeout: 60_000 }).toBe(2);
    expect(gone.sort()).toEqual([container, ttl].map((path) => `nodeDeleted ${path}`));
    await Promise.all([client.close(), watcher.close()]);
  }

  /** Starts a member that was killed; it must say that its history was brought up to date so. */
  async function catchUp(id: number, how: "diff" | "snapshot"): Promise<void> {
    const before = await group.log(kindOf(id), id);
    await start(id);
    const log = (await group.log(kindOf(id), id)).slice(before.length);
    if (kindOf(id) === "apache") expect(log).toContain(`Getting a ${how} from`);
    else expect(log.includes("History is cut or replaced")).toBe(how === "snapshot");
  }

  async function createOne(path: string): Promise<void> {
    const client = await connectTo(group, OURS);
    await client.create(path);
    await client.close();
  }

  /** The transactions in the log files of a member, by zxid. */
  async function recordsOf(id: number): Promise<Map<bigint, Buffer>> {
    const folder = join(group.member(id).dataFolder, "version-2");
    const records = new Map<bigint, Buffer>();
    for (const name of await readdir(folder)) {
      if (!name.startsWith("log.")) continue;
      await inspectLogFile(join(folder, name), ({ payload, isProven }) => {
        expect(isProven).toBe(true);
        records.set(decodeTxn(payload).header.zxid, Buffer.from(payload));
      });
    }
    return records;
  }

  async function writeMany(id: number, parent: string): Promise<void> {
    const client = await connectTo(group, id);
    await client.create(parent);
    const all = Array.from({ length: MANY }, (_, index) => `${parent}/${index}`);
    await Promise.all(all.map((path) => client.create(path, "x")));
    await client.close();
  }

  test("under a leader of Apache's", async () => {
    await start(1, 2);
    await start(OURS, APACHE_OBSERVER, OUR_OBSERVER);
    await liveUnder(/apache/u);
  });

  test("observers catch up from Apache's leader, by what they missed and by a snapshot", async () => {
    await group.kill([APACHE_OBSERVER, OUR_OBSERVER]);
    await createOne("/missed-by-observers");
    await catchUp(OUR_OBSERVER, "diff");
    await group.kill([OUR_OBSERVER]);
    await writeMany(1, "/missed");
    await catchUp(OUR_OBSERVER, "snapshot");
    await catchUp(APACHE_OBSERVER, "snapshot");
    await expectSameTrees(group, group.ids);
  });

  test("under ours", async () => {
    const leader = await group.leader();
    await group.stop([leader]);
    expect(await group.leader()).toBe(OURS);
    await start(leader);
    await group.untilServing();
    await liveUnder(/ensemble/u);
  });

  test("observers catch up from ours, by what they missed and by a snapshot", async () => {
    await group.kill([APACHE_OBSERVER, OUR_OBSERVER]);
    await createOne("/missed-by-observers-again");
    await catchUp(APACHE_OBSERVER, "diff");
    await group.kill([APACHE_OBSERVER]);
    await writeMany(1, "/missed-again");
    await catchUp(APACHE_OBSERVER, "snapshot");
    await catchUp(OUR_OBSERVER, "snapshot");
    await group.kill([APACHE_OBSERVER, OUR_OBSERVER]);
    for (const id of [APACHE_OBSERVER, OUR_OBSERVER]) {
      await rm(join(group.member(id).dataFolder, "version-2"), { recursive: true });
    }
    await start(APACHE_OBSERVER, OUR_OBSERVER);
    await expectSameTrees(group, group.ids);
  });

  test("all disks hold the same, and only what ZooKeeper knows", async () => {
    await untilLevel(group, group.ids);
    await group.kill();
    const [first, ...others] = await statesOnDisk(group, group.ids);
    expect(others).toEqual(others.map(() => first));
    const logs = await Promise.all(group.ids.map((id) => recordsOf(id)));
    const types = new Set<number>();
    const all = new Map<bigint, string>();
    for (const records of logs) {
      for (const [zxid, payload] of records) {
        // Apache's servers write what they have understood: bytes beyond would be missing there.
        expect(payload.toString("hex")).toBe(all.get(zxid) ?? payload.toString("hex"));
        all.set(zxid, payload.toString("hex"));
        const { header, txn, digest } = decodeTxn(payload);
        types.add(header.type);
        // An error changes no tree and needs no digest.
        expect(digest === null, `digest of ${zxid}`).toBe(txn.type === OpCode.error);
      }
    }
    expect([...types].filter((type) => !KNOWN_TYPES.has(type))).toEqual([]);
    expect(types.size).toBeGreaterThan(10);
  });

  test("nobody has logged an error, or Apache's a warning of what they do not know", async () => {
    expect(await group.complaints()).toEqual([]);
    expect(await unusualWarnings(group)).toEqual([]);
  });
});

/**
 * The admin server beside Apache's: every command that Apache links to, under every name, must
 * answer with the same status, the same keys, and values of the same types.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askAdmin, askAdminJson, enableAdminServers } from "./support/admin-client.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";
import { superUser } from "./support/tree-dump.ts";

const ALIASES = [
  ...["configuration", "conf", "config", "connection_stat_reset", "crst", "connections", "cons"],
  ...["dirs", "dump", "environment", "env", "envi", "get_trace_mask", "gtmk", "hash"],
  ...["initial_configuration", "icfg", "is_read_only", "isro", "last_snapshot", "lsnp"],
  ...["leader", "lead", "monitor", "mntr", "observer_connection_stat_reset", "orst"],
  ...["observers", "obsr", "ruok", "server_stats", "srvr", "set_trace_mask", "stmk"],
  ...["set_trace_mask?traceMask=7", "stmk?traceMask=x", "stat_reset", "srst", "stats", "stat"],
  ...["system_properties", "sysp", "voting_view", "watch_summary", "wchs", "watches", "wchc"],
  ...["watches_by_path", "wchp", "zabstate", "snapshot", "snap", "restore", "rest", "nosuch"],
];

/** Whose members are named by the machine: only that they are texts is the same. */
const OPEN_ENDED = /^(?:environment|env|envi|system_properties|sysp)$/u;
const MONITOR = /^(?:monitor|mntr)$/u;

/** Keys and types; of a list, of its different elements; of ids and times as keys, just that. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((each) => JSON.stringify(shapeOf(each))))];
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  const members = Object.entries(value).map(([key, member]): [string, unknown] => [
    /^\d+$/u.test(key) ? "NUMBER" : key,
    shapeOf(member),
  ]);
  return Object.fromEntries(members.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function shapeOfAnswer(command: string, answer: Record<string, unknown>): unknown {
  if (OPEN_ENDED.test(command)) return [...new Set(Object.values(answer).map(shapeOf))];
  if (MONITOR.test(command)) return shapeOf({ command: answer["command"] });
  // Java shows sets of sessions that have become empty, too.
  const { expiry_time_to_session_ids: expiries, ...rest } = answer;
  if (expiries === undefined) return shapeOf(answer);
  const filled = Object.values(expiries as object).filter(({ length }: unknown[]) => length > 0);
  return shapeOf({ ...rest, expiries: filled });
}

/** Answers that differ on purpose. */
function isExpectedToDiffer(command: string, isReplicated: boolean): boolean {
  // A member of a quorum shows its configuration here, not null.
  return isReplicated && /^(?:initial_configuration|icfg)$/u.test(command);
}

const groups: ServerGroup[] = [];
const clients: EnsembleClient[] = [];

/** Servers of one kind, their admin ports by id, and a client with watches at `id`. */
async function start(kind: ServerKind, count: number) {
  const config = { ...superUser.config, "admin.rateLimiterIntervalInMS": 0 };
  const group = await ServerGroup.layOut(count, config);
  groups.push(group);
  const ports = await enableAdminServers(group);
  await group.start(kind);
  const leader = await group.leader();
  return { group, ports, leader };
}

type Started = Awaited<ReturnType<typeof start>>;

async function visit({ group }: Started, id: number): Promise<void> {
  const client = await EnsembleClient.connect(group.addressOf(id));
  clients.push(client);
  await client.create("/eph-", "", { mode: "ephemeralSequential" });
  await client.exists("/", { watch: () => undefined });
  for (let n = 0; n < 140; n += 1) await client.setData("/zookeeper/quota", String(n));
}

async function compareAll(
  [apache, theirId]: readonly [Started, number],
  [ensemble, ourId]: readonly [Started, number],
): Promise<void> {
  await visit(apache, theirId);
  await visit(ensemble, ourId);
  const theirPort = apache.ports[theirId - 1]!;
  const ourPort = ensemble.ports[ourId - 1]!;
  for (const command of ALIASES) {
    if (isExpectedToDiffer(command, apache.ports.length > 1)) continue;
    const path = `/commands/${command}`;
    const [theirs, ours] = [await askAdmin(theirPort, path), await askAdmin(ourPort, path)];
    expect(ours.statusCode, command).toBe(theirs.statusCode);
    expect(ours.headers["content-type"]).toContain(theirs.headers["content-type"]);
    const [their, our] = [theirs, ours].map(({ body }) =>
      shapeOfAnswer(command, JSON.parse(body.toString()) as Record<string, unknown>),
    );
    expect(our, command).toEqual(their);
  }
}

describe("The admin server, Apache's and ours", () => {
  let apache: Started;
  let ensemble: Started;

  beforeAll(async () => {
    apache = await start("apache", 1);
    ensemble = await start("ensemble", 1);
  });

  afterAll(async () => {
    for (const client of clients) await client.close();
    for (const group of groups) await group.remove();
  });

  it("links to the same commands", async () => {
    const [theirs, ours] = await Promise.all(
      [apache, ensemble].map(({ ports }) => askAdmin(ports[0]!, "/commands")),
    );
    // Three commands are there that ZooKeeper does not have.
    const own = /<a [^>]*>(member_state|reload|transfer_leadership)<\/a>\n<br\/>\n/gu;
    expect(ours!.body.toString().match(own)).toHaveLength(3);
    expect(ours!.body.toString().replaceAll(own, "")).toBe(theirs!.body.toString());
  });

  it("answers alike on a standalone server", async () => {
    await compareAll([apache, 1], [ensemble, 1]);
  });

  it("names the same errors", async () => {
    for (const command of ["nosuch", "stmk", "stmk?traceMask=x", "leader", "snapshot"]) {
      const [theirs, ours] = await Promise.all(
        [apache, ensemble].map(({ ports }) => askAdminJson(ports[0]!, `/commands/${command}`)),
      );
      expect(ours).toEqual(theirs);
    }
  });

  it("answers alike in a quorum", async () => {
    const [theirs, ours] = [await start("apache", 3), await start("ensemble", 3)];
    await compareAll([theirs, theirs.leader], [ours, ours.leader]);
    const followers = [theirs, ours].map(({ leader }) => [1, 2, 3].find((id) => id !== leader)!);
    await compareAll([theirs, followers[0]!], [ours, followers[1]!]);
  });

  it("gives a snapshot that Apache restores", async () => {
    const headers = { Authorization: `digest ${superUser.auth}` };
    const client = await EnsembleClient.connect(ensemble.group.addressOf(1));
    clients.push(client);
    await client.create("/only-in-ours", "saved");
    const taken = await askAdmin(ensemble.ports[0]!, "/commands/snapshot", { headers });
    expect(taken.statusCode).toBe(200);
    expect(taken.headers["snapshot_size"]).toBe(String(taken.body.length));
    const zxid = BigInt(String(taken.headers["last_zxid"]));
    const restored = await askAdminJson(apache.ports[0]!, "/commands/restore", {
      method: "POST",
      headers,
      body: taken.body,
    });
    expect(restored).toEqual({ command: "restore", error: null, last_zxid: Number(zxid) });
    const reader = await EnsembleClient.connect(apache.group.addressOf(1));
    clients.push(reader);
    expect((await reader.getData("/only-in-ours")).data?.toString()).toBe("saved");
  });
});

/**
 * Every four-letter word, asked of Apache ZooKeeper and of ours in the same situation: what is
 * answered must be the same but for numbers, addresses, ids, times and what runs the server.
 */
import { afterAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askFourLetterWord } from "./support/four-letter-word.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";

const WORDS = [
  ...["conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro", "mntr", "ruok"],
  ...["srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs"],
];

/** What stands for a session, a time, an address or a number. */
function mask(word: string, answer: string): string {
  const masked = answer
    .replace(/^(zk_version\t|zookeeper\.version=|Zookeeper version: ).*$/gmu, "$1VERSION")
    .replace(/\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}/gu, "DATE")
    .replace(/0x[0-9a-f]+/gu, "HEX")
    .replace(/127\.0\.0\.1:\d+/gu, "ADDRESS")
    .replace(/^[0-9a-f]+: -?\d+$/gmu, "ZXID: DIGEST")
    .replace(/(?<![a-z0-9_.])-?\d+(?:\.\d+)?(?![\w.])/gu, (number) =>
      number.includes(".") ? "DOUBLE" : "NUMBER",
    );
  const lines = masked.split("\n");
  if (word === "envi") return lines.map((line) => line.replace(/=.*/u, "=")).join("\n");
  if (word === "conf") return masked.replace(/^(data\w*Dir)=.*$/gmu, "$1=FOLDER");
  // Clients, sessions and paths come in any order.
  if (word === "dump") return dumpShape(lines).join("\n");
  return /^(?:wch|cons|stat)/u.test(word) ? lines.sort().join("\n") : masked;
}

/** Java shows sets of sessions that have become empty, too. */
function dumpShape(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !line.startsWith("NUMBER expire at"))
    .map((line) => line.replace(/eph-\d+/u, "EPHEMERAL"));
}

async function openClients(address: string): Promise<EnsembleClient[]> {
  const clients = [await EnsembleClient.connect(address), await EnsembleClient.connect(address)];
  for (const client of clients) {
    await client.create("/eph-", "", { mode: "ephemeralSequential" });
    await client.exists("/", { watch: () => undefined });
    await client.getData("/zookeeper", { watch: () => undefined });
    await client.getChildren("/", { watch: () => undefined });
  }
  return clients;
}

/** The answers to all words while two clients have nodes and watches there. */
async function askAll(group: ServerGroup, id: number): Promise<Map<string, string>> {
  const { ports } = group.member(id);
  const clients = await openClients(group.addressOf(id));
  // Digests are recorded every 128 transactions.
  const writes = Array.from({ length: 140 }, (_, index) => index);
  await Promise.all(writes.map((index) => clients[0]!.setData("/zookeeper/quota", String(index))));
  const answers = new Map<string, string>();
  for (const word of WORDS) {
    const asked = word === "stmk" ? "stmk\0\0\0\0\0\0\0\u0007" : word;
    const answer = await askFourLetterWord("127.0.0.1", ports.client, asked);
    answers.set(word, mask(word, answer));
  }
  for (const client of clients) await client.close();
  return answers;
}

async function askWithoutQuorum(group: ServerGroup, id: number): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  const { ports } = group.member(id);
  for (const word of WORDS) {
    if (word === "stmk") continue;
    answers.set(word, mask(word, await askFourLetterWord("127.0.0.1", ports.client, word)));
  }
  return answers;
}

/** Names of the gauges that one has and the other has not, in the answers to mntr. */
function missingGauges(apache: string, ensemble: string): string[] {
  const names = (text: string): string[] => text.split("\n").map((line) => line.split("\t")[0]!);
  const ours = new Set(names(ensemble));
  return names(apache).filter((name) => name !== "" && !ours.has(name));
}

/** All but `mntr`, whose lines Java prints in the order of a hash table. */
function compare(apache: Map<string, string>, ensemble: Map<string, string>): void {
  for (const [word, answer] of apache) {
    const own = ensemble.get(word) ?? "";
    if (word === "mntr") continue;
    expect(own, word).toBe(answer);
  }
}

const groups: ServerGroup[] = [];

async function startGroup(kind: ServerKind, count: number, whitelist = "*"): Promise<ServerGroup> {
  const config = { "4lw.commands.whitelist": whitelist };
  const group = await ServerGroup.layOut(count, config);
  groups.push(group);
  await group.start(kind);
  return group;
}

/** Gauges of Apache's `mntr` that are its server's own, without the counters of its metrics. */
const GAUGES = [
  ...["version", "server_state", "ephemerals_count", "num_alive_connections", "avg_latency"],
  ...["outstanding_requests", "znode_count", "global_sessions", "last_client_response_size"],
  ...["packets_sent", "packets_received", "max_client_response_size", "watch_count"],
  ...["min_latency", "max_file_descriptor_count", "approximate_data_size", "uptime"],
  ...["open_file_descriptor_count", "local_sessions", "max_latency", "min_client_response_size"],
];
const LEADER_GAUGES = [
  ...["peer_state", "quorum_size", "learners", "synced_followers", "synced_observers"],
  ...["synced_non_voting_followers", "pending_syncs", "leader_uptime", "last_proposal_size"],
  ...["min_proposal_size", "max_proposal_size"],
];

function expectGauges(names: readonly string[], ...answers: readonly Map<string, string>[]): void {
  for (const answer of answers) {
    const missing = missingGauges(
      names.map((name) => `zk_${name}`).join("\n"),
      answer.get("mntr")!,
    );
    expect(missing).toEqual([]);
  }
}

describe("Four-letter words, Apache's and ours", () => {
  afterAll(async () => {
    for (const group of groups) await group.remove();
  });

  it("are alike on a standalone server", async () => {
    const [apache, ensemble] = [await startGroup("apache", 1), await startGroup("ensemble", 1)];
    const [theirs, ours] = [await askAll(apache, 1), await askAll(ensemble, 1)];
    compare(theirs, ours);
    expectGauges(GAUGES, theirs, ours);
  });

  it("are alike in a quorum, with and without a majority", async () => {
    const [apache, ensemble] = [await startGroup("apache", 3), await startGroup("ensemble", 3)];
    const leaders = [await apache.leader(), await ensemble.leader()] as const;
    const leading = [await askAll(apache, leaders[0]), await askAll(ensemble, leaders[1])] as const;
    compare(...leading);
    expectGauges([...GAUGES, ...LEADER_GAUGES], ...leading);
    const followers = leaders.map((leader) => [1, 2, 3].find((id) => id !== leader)!);
    const following = [
      await askAll(apache, followers[0]!),
      await askAll(ensemble, followers[1]!),
    ] as const;
    compare(...following);
    expectGauges([...GAUGES, "peer_state", "quorum_size"], ...following);
    const answers: Map<string, string>[] = [];
    for (const [index, group] of [apache, ensemble].entries()) {
      const left = followers[index]!;
      await group.kill(group.ids.filter((id) => id !== left));
      await untilNotServing(group.member(left).ports.client);
      answers.push(await askWithoutQuorum(group, left));
    }
    const [theirs, ours] = answers as [Map<string, string>, Map<string, string>];
    compare(theirs, ours);
    expect(ours.get("mntr")).toBe(theirs.get("mntr"));
  });

  it("are refused alike", async () => {
    const apache = await startGroup("apache", 1, "ruok");
    const ensemble = await startGroup("ensemble", 1, "ruok");
    for (const word of WORDS) {
      const [theirs, ours] = await Promise.all(
        [apache, ensemble].map((group) =>
          askFourLetterWord("127.0.0.1", group.member(1).ports.client, word),
        ),
      );
      expect(mask(word, ours!), word).toBe(mask(word, theirs!));
    }
  });
});

async function untilNotServing(port: number): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (performance.now() < deadlineMs) {
    const answer = await askFourLetterWord("127.0.0.1", port, "srvr");
    if (answer.startsWith("This ZooKeeper instance")) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The server still serves");
}

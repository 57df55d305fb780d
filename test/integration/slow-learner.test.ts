/**
 * Learners that are slow, or take nothing at all: a snapshot over a slow link takes longer than
 * initLimit and succeeds, with writes going on meanwhile; a frozen follower costs the leader
 * neither time nor memory, and comes back; what it lacks then comes from the leader's log.
 */
import { readFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askFourLetterWord } from "../compat/support/four-letter-word.ts";
import type { MemberLayout } from "../compat/support/member-layout.ts";
import { SlowLink } from "./support/slow-link.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";

const minute = 60_000;

let ensemble: TestEnsemble | undefined;
let slowLink: SlowLink | undefined;

afterEach(async () => {
  await ensemble?.dispose();
  slowLink?.close();
  ensemble = undefined;
  slowLink = undefined;
});

/** Writes `count` nodes of `bytes` each below a new parent; returns how long each took, in ms. */
async function write(connectString: string, home: string, count: number, bytes: number) {
  const client = await EnsembleClient.connect(connectString);
  await client.create(home);
  const value = "x".repeat(bytes);
  const latencies: number[] = [];
  let next = 0;
  const writeOn = async (): Promise<void> => {
    while (next < count) {
      const name = `${home}/n${next++}`;
      const startMs = performance.now();
      await client.create(name, value);
      latencies.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: 32 }, writeOn));
  await client.close();
  return latencies.sort((a, b) => a - b);
}

/** Makes `server` look for the quorum port of `leader` elsewhere. */
async function reachThrough(server: MemberLayout, leader: MemberLayout, port: number) {
  const text = await readFile(server.zooCfgPath, "utf8");
  const line = (quorumPort: number): string => `server.${leader.id}=127.0.0.1:${quorumPort}:`;
  expect(text).toContain(line(leader.ports.quorum));
  await writeFile(server.zooCfgPath, text.replace(line(leader.ports.quorum), line(port)));
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1]) * 1024;
}

async function expectEqualTrees(servers: TestEnsemble): Promise<void> {
  const dumps = await Promise.all(servers.ids.map((id) => dumpTree(servers.connectString([id]))));
  const [first, ...others] = dumps.map((dump) =>
    // Each server writes its own configuration there.
    formatDump(dump).filter((line) => !line.startsWith("/zookeeper/config")),
  );
  for (const other of others) expect(other).toEqual(first);
}

/** The newest record of how `id` was brought up to date. */
function synchronisation(servers: TestEnsemble, id: number) {
  return servers.ids
    .flatMap((leader) => servers.log(leader))
    .filter(({ message, learner }) => message === "Synchronising learner" && learner === `0x${id}`)
    .sort((a, b) => String(a["time"]).localeCompare(String(b["time"])))
    .at(-1);
}

describe("A snapshot over a slow link", () => {
  it(
    "may take longer than initLimit, while writes go on",
    async () => {
      const servers = await TestEnsemble.start(3, { initLimit: 6, snapshotSizeFactor: -1 });
      ensemble = servers;
      const leader = await servers.whenLed();
      const others = servers.ids.filter((id) => id !== leader);
      const away = others[0]!;
      const present = servers.ids.filter((id) => id !== away);
      await write(servers.connectString(present), "/large", 2000, 5000);
      await servers.kill(away);
      await rm(path.join(servers.member(away).dataFolder, "version-2"), { recursive: true });
      // About 10 MB at 1 MB/s: three times initLimit, which is 3 s here.
      slowLink = await SlowLink.open(servers.member(leader).ports.quorum, 1_000_000);
      await reachThrough(servers.member(away), servers.member(leader), slowLink.port);
      await servers.startServer(away);
      const startMs = performance.now();
      const latencies = await write(servers.connectString(present), "/meanwhile", 500, 100);
      expect(latencies).toHaveLength(500);
      await servers.whenServing([away]);
      expect(performance.now() - startMs).toBeGreaterThan(6000);
      expect(synchronisation(servers, away)?.["method"]).toBe("snap");
      const snapshots = servers
        .log(leader)
        .filter(({ message, method }) => message === "Synchronising learner" && method === "snap");
      expect(snapshots).toHaveLength(1);
      await expectEqualTrees(servers);
    },
    2 * minute,
  );
});

describe("A frozen follower", () => {
  it(
    "costs the leader neither time nor memory, is dropped, and comes back from the log",
    async () => {
      const config = { "ensemble.learnerQueueMaxInKb": 4096, syncLimit: 40, commitLogCount: 100 };
      const servers = await TestEnsemble.start(3, config);
      ensemble = servers;
      const leader = await servers.whenLed();
      const frozen = (await servers.followers())[0]!;
      const present = servers.ids.filter((id) => id !== frozen);
      // A tree that is large beside what will be missing.
      await write(servers.connectString(present), "/before", 8000, 4000);
      const { pid } = servers.process(leader);
      await servers.pause(frozen);
      const beforeBytes = residentBytes(pid);
      // More than the sockets and the queue hold together, long before syncLimit.
      const latencies = await write(servers.connectString(present), "/after", 3000, 8000);
      const grownBytes = residentBytes(pid) - beforeBytes - 3000 * 8000;
      const isDropped = (): boolean =>
        servers.log(leader).some(({ message, reason }) => {
          return message === "Dropping learner" && String(reason).startsWith("It takes too");
        });
      await eventually("the frozen follower is dropped", isDropped, minute);
      const metrics = await askFourLetterWord("127.0.0.1", servers.clientPort(leader), "mntr");
      expect(metrics).toMatch(/learners_overfull\S*\s+1/u);
      console.log(
        `writes beside it: p99 ${latencies[Math.floor(latencies.length * 0.99)]!.toFixed(0)} ms, ` +
          `memory beyond the data ${(grownBytes / 1e6).toFixed(0)} MB`,
      );
      expect(await servers.whenLed(present)).toBe(leader);
      expect(grownBytes).toBeLessThan(200e6);
      servers.resume(frozen);
      await write(servers.connectString(present), "/last", 200, 10);
      await servers.whenServing();
      await expectEqualTrees(servers);
    },
    3 * minute,
  );
});

describe("A follower that lacks more than is in memory", () => {
  it(
    "gets it from the leader's log when that is small beside the tree",
    async () => {
      const servers = await TestEnsemble.start(3, { commitLogCount: 100 });
      ensemble = servers;
      const away = (await servers.followers())[0]!;
      const present = servers.ids.filter((id) => id !== away);
      await write(servers.connectString(present), "/tree", 2000, 2000);
      await servers.kill(away);
      await write(servers.connectString(present), "/missed", 2000, 10);
      await servers.startServer(away);
      await write(servers.connectString(present), "/meanwhile", 300, 10);
      await servers.whenServing();
      expect(synchronisation(servers, away)).toMatchObject({ method: "diff" });
      expect(synchronisation(servers, away)).toHaveProperty("fromLogUpTo");
      await expectEqualTrees(servers);
      await servers.kill(away);
      await servers.startServer(away);
      await servers.whenServing();
      await expectEqualTrees(servers);
    },
    2 * minute,
  );
});

/**
 * Attacks three servers for as long as you like:
 *
 *     npm run fuzz -- --seconds 600 --seed 7
 *
 * Rounds of all attacks, each at a random server (at first at all of them), while a client of each
 * server measures the latency of its writes and reads. Ends with 1 when a server ended, another one
 * leads, a client lost anything, or a server keeps a tenth more memory than after the first rounds.
 * The latencies are for people to judge: they say as much of the machine and what else runs on it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { randomInt, seededRandom } from "../../src/base/index.ts";
import { attackPeerPort, clientAttacks } from "./support/attacks.ts";
import { Bystander, p99Of } from "./support/bystander.ts";
import { settledMemory } from "./support/memory-of.ts";
import type { Memory } from "./support/memory-of.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

const QUIET_MS = 3000;
/** Until the sessions that attacks leave behind have expired. */
const SETTLE_MS = 4000;
/**
 * Rounds in which every server meets every attack: what a server has freed, the allocator keeps for
 * the next time, some 40 MB once a client has asked for much and read nothing.
 */
const WARM_UP_ROUNDS = 3;
const GROWTH_MAX = 1.1;
const MIB = 1024 * 1024;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 0x40000000)) },
  },
});
const seed = Number(values.seed);
const random = seededRandom(seed);
const flags = ["--inspect=127.0.0.1:0"];
const servers = await TestEnsemble.start(3, { maxClientCnxns: 0 }, flags);

const quietMs: number[] = [];
const attackedMs: number[] = [];

async function round(isWarmUp: boolean): Promise<void> {
  const targets = (): number[] => (isWarmUp ? servers.ids : [randomInt(random, 1, 4)]);
  const bystanders = await Promise.all(
    servers.ids.map((id) => Bystander.start(servers.clientPort(id))),
  );
  const take = (all: number[]): string => {
    const latest = bystanders.flatMap((each) => each.takeLatenciesMs());
    all.push(...latest);
    return p99Of(latest).toFixed(1);
  };
  await sleep(QUIET_MS);
  console.log(`  nothing: p99 ${take(quietMs)} ms`);
  for (const [name, attack] of Object.entries(clientAttacks)) {
    const ids = targets();
    for (const id of ids) await attack(servers.clientPort(id), random);
    console.log(`  ${name} at server ${ids.join(", ")}: p99 ${take(attackedMs)} ms`);
  }
  for (const kind of ["election", "quorum"] as const) {
    const ids = targets();
    for (const id of ids) await attackPeerPort(servers.member(id).ports[kind], random);
    console.log(`  garbage to the ${kind} port of ${ids.join(", ")}: p99 ${take(attackedMs)} ms`);
  }
  for (const bystander of bystanders) await bystander.stop();
}

async function memory(): Promise<Memory[]> {
  await sleep(SETTLE_MS);
  return Promise.all(servers.ids.map((id) => settledMemory(servers.process(id))));
}

function textOf(memories: readonly Memory[]): string {
  const mib = (bytes: number): string => (bytes / MIB).toFixed(0);
  return memories.map((each) => `${mib(each.liveBytes)}/${mib(each.residentBytes)}`).join(" ");
}

try {
  const leader = await servers.whenLed();
  const endMs = performance.now() + Number(values.seconds) * 1000;
  let base: Memory[] | undefined;
  for (let count = 1; performance.now() < endMs || count <= WARM_UP_ROUNDS + 1; count += 1) {
    console.log(`Round ${count} of seed ${seed}`);
    await round(count <= WARM_UP_ROUNDS);
    const now = await memory();
    console.log(`  live/resident memory ${textOf(now)} MiB`);
    if (count === WARM_UP_ROUNDS) base = now;
    const hasGrown = now.some(({ liveBytes, residentBytes }, index) => {
      const before = base?.[index] ?? { liveBytes: Infinity, residentBytes: Infinity };
      return (
        liveBytes > before.liveBytes * GROWTH_MAX ||
        residentBytes > before.residentBytes * GROWTH_MAX
      );
    });
    if (hasGrown) throw new Error("A server keeps a tenth more memory than before");
    if ((await servers.whenLed()) !== leader) throw new Error("Another server leads");
  }
  const [quiet, attacked] = [p99Of(quietMs), p99Of(attackedMs)];
  console.log(`p99 ${quiet.toFixed(1)} ms in peace, ${attacked.toFixed(1)} ms under attack`);
} finally {
  await servers.dispose();
}

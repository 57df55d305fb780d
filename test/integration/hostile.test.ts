/**
 * Servers among clients and strangers that are hostile or broken: no server ends or keeps what it
 * was given, and nobody else's session notices. `fuzz-main.ts` does the same for longer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.ts";
import { attackPeerPort, clientAttacks, sendOpcodes } from "./support/attacks.ts";
import type { Attack } from "./support/attacks.ts";
import { Bystander } from "./support/bystander.ts";
import { settledMemory } from "./support/memory-of.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

const SEED = 1;
/** When the sessions that an attack leaves behind have expired. */
const EXPIRED_MS = 3000;
const GROWTH_MAX = 1.1;
const extremes = [-0x80000000, -1000, 0x7fffffff, 0x10000, 5000];
/** As in `src/wire`, and well beyond on both sides. */
const opcodes = [...Array.from({ length: 1121 }, (_, index) => index - 20), ...extremes];

describe("Servers under attack", () => {
  let servers: TestEnsemble;
  let leader: number;

  beforeAll(async () => {
    servers = await TestEnsemble.start(3, { maxClientCnxns: 0 }, ["--inspect=127.0.0.1:0"]);
    leader = await servers.whenLed();
  });

  afterAll(async () => {
    await servers.dispose();
  });

  /** While `attack` goes on, a client of each server must not notice, and all servers stay. */
  const withBystanders = async (attack: () => Promise<void>): Promise<void> => {
    const bystanders = await Promise.all(
      servers.ids.map((id) => Bystander.start(servers.clientPort(id))),
    );
    await attack();
    for (const bystander of bystanders) await bystander.stop();
    expect(servers.ids.filter((id) => servers.process(id).hasExited())).toEqual([]);
    expect(await servers.whenLed()).toBe(leader);
    const records = servers.ids.flatMap((id) => servers.log(id));
    expect(records.filter(({ level }) => level === "error")).toEqual([]);
  };

  test.each(Object.entries<Attack>(clientAttacks))("nobody else notices %s", async (_, attack) => {
    const random = seededRandom(SEED);
    await withBystanders(async () => {
      for (const id of servers.ids) await attack(servers.clientPort(id), random);
    });
  });

  test("nobody else notices requests of every number", async () => {
    const random = seededRandom(SEED);
    await withBystanders(() => sendOpcodes(servers.clientPort(leader), opcodes, random));
  });

  test("nothing of an attack stays in memory", async () => {
    const random = seededRandom(SEED);
    const liveBytes = async (): Promise<number> => {
      for (const attack of Object.values(clientAttacks)) {
        await attack(servers.clientPort(leader), random);
      }
      await sleep(EXPIRED_MS);
      return (await settledMemory(servers.process(leader))).liveBytes;
    };
    // What the first rounds leave is code that has been compiled and buffers that are used again.
    await liveBytes();
    const before = await liveBytes();
    await liveBytes();
    expect(await liveBytes()).toBeLessThan(before * GROWTH_MAX);
  });

  test.each(["election", "quorum"] as const)(
    "garbage to the %s ports changes nothing",
    async (kind) => {
      const random = seededRandom(SEED);
      await withBystanders(async () => {
        for (let round = 0; round < 3; round += 1) {
          for (const id of servers.ids)
            await attackPeerPort(servers.member(id).ports[kind], random);
        }
      });
    },
  );
});

/**
 * No acknowledged write is lost and none applied twice, whichever servers die: pipelining writers
 * on all servers while servers are killed without warning, the leader first of all. What is true
 * in the end is what the histories of the writers and the trees of all servers agree on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomInt, seededRandom } from "../../src/base/index.ts";
import { OpCode } from "../../src/wire/index.ts";
import { RawClient, body, request } from "./support/raw-client.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";
import { findViolations } from "./support/write-history.ts";
import { Workload } from "./support/workload.ts";

const TEST_TIMEOUT_MS = 90_000;

/** Checks what the writers were told against all trees, and looks for errors in all logs. */
async function finish(load: Workload, ensemble: TestEnsemble): Promise<void> {
  const history = await load.finish();
  const [first, ...others] = await Promise.all(
    ensemble.ids.map((id) => dumpTree(ensemble.connectString([id]))),
  );
  expect(findViolations(history, first!)).toEqual([]);
  for (const other of others) expect(formatDump(other)).toEqual(formatDump(first!));
  for (const id of ensemble.ids) {
    const errors = ensemble.log(id).filter(({ level }) => level === "error");
    expect(errors).toEqual([]);
  }
}

describe("An ensemble of three under load", () => {
  let ensemble: TestEnsemble;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3);
  });

  afterAll(() => ensemble.dispose());

  it(
    "keeps what it acknowledged while one server after the other is killed",
    { timeout: TEST_TIMEOUT_MS },
    async () => {
      const random = seededRandom(20_261_121);
      const load = await Workload.start(ensemble.connectString(), "/kills");
      for (let round = 0; round < 5; round++) {
        await sleep(randomInt(random, 300, 900));
        const leader = await ensemble.whenLed();
        const victim = round % 2 === 0 ? leader : randomInt(random, 1, 4);
        await ensemble.kill(victim);
        await sleep(500);
        await ensemble.startServer(victim);
        // Otherwise the next one may die before this one is back: no quorum for a while.
        if (round % 3 !== 2) await ensemble.whenServing([victim]);
      }
      await ensemble.whenServing();
      await load.progress(20);
      await finish(load, ensemble);
    },
  );

  it(
    "keeps what it acknowledged when all servers are killed at once",
    { timeout: TEST_TIMEOUT_MS },
    async () => {
      const load = await Workload.start(ensemble.connectString(), "/blackout");
      await load.progress(60);
      await ensemble.kill(...ensemble.ids);
      for (const id of ensemble.ids) await ensemble.startServer(id);
      await ensemble.whenServing();
      await load.progress(20);
      await finish(load, ensemble);
    },
  );

  it("acknowledges nothing that a leader without followers has logged", async () => {
    const leader = await ensemble.whenLed();
    const followers = await ensemble.followers();
    const { client } = await RawClient.open(ensemble.clientPort(leader));
    await ensemble.pause(...followers);
    // The closing of the session is answered by ending the connection: the replies before it must
    // not slip out with it.
    client.write(
      Buffer.concat([
        request(1, OpCode.create, body.create("/undecided")),
        request(2, OpCode.getData, body.read("/undecided")),
        request(3, OpCode.closeSession),
      ]),
    );
    await client.closed;
    expect(client.unreadCount).toBe(0);
    for (const id of followers) ensemble.resume(id);
    await ensemble.whenServing();
  });
});

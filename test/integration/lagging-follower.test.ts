/**
 * How a server that was away comes back to the ensemble's history: by the transactions that it
 * lacks (DIFF), by a whole snapshot when these are too many (SNAP), and by cutting off what it
 * logged and nobody else has (TRUNC). In the end all servers hold the same tree, also after a
 * restart from their disks.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { OpCode } from "../../src/wire/index.ts";
import { askFourLetterWord } from "../compat/support/four-letter-word.ts";
import { RawClient, body, request } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";
import { dumpTree, formatDump } from "./support/tree-dump.ts";

/** Transactions that a leader keeps in memory for those that lag. */
const COMMIT_LOG_COUNT = 100;

describe("A server that comes back", () => {
  let ensemble: TestEnsemble;
  let nodeNumber = 0;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, {
      commitLogCount: COMMIT_LOG_COUNT,
      // What the log files could give is for slow-learner.test.ts.
      snapshotSizeFactor: -1,
    });
  });

  afterAll(() => ensemble.dispose());

  /** Writes `count` nodes through the servers `ids`. */
  const write = async (count: number, ids: readonly number[]): Promise<void> => {
    const client = await EnsembleClient.connect(ensemble.connectString(ids));
    const made: Promise<string>[] = [];
    for (let n = 0; n < count; n++) made.push(client.create(`/node-${nodeNumber++}`, String(n)));
    await Promise.all(made);
    await client.close();
  };

  /** How the leaders brought `id` up to date, oldest first. */
  const methods = (id: number): unknown[] =>
    ensemble.ids
      .flatMap((leader) => ensemble.log(leader))
      .filter(({ message, learner }) => {
        return message === "Synchronising learner" && learner === `0x${id.toString(16)}`;
      })
      .sort((a, b) => (String(a["time"]) < String(b["time"]) ? -1 : 1))
      .map(({ method }) => method);

  const expectEqualTrees = async (): Promise<void> => {
    const [first, ...others] = await Promise.all(
      ensemble.ids.map((id) => dumpTree(ensemble.connectString([id]))),
    );
    for (const other of others) expect(formatDump(other)).toEqual(formatDump(first!));
  };

  const expectNoErrors = (): void => {
    const logs = ensemble.ids.flatMap((id) => ensemble.log(id));
    expect(logs.filter(({ level }) => level === "error")).toEqual([]);
  };

  it("gets the few transactions that it lacks", async () => {
    const [away] = await ensemble.followers();
    await ensemble.kill(away!);
    await write(
      COMMIT_LOG_COUNT / 2,
      ensemble.ids.filter((id) => id !== away),
    );
    await ensemble.startServer(away!);
    await ensemble.whenServing();
    expect(methods(away!).at(-1)).toBe("diff");
    await expectEqualTrees();
  });

  it("gets a snapshot when it lacks more than the leader has at hand", async () => {
    const [away] = await ensemble.followers();
    await ensemble.kill(away!);
    await write(
      3 * COMMIT_LOG_COUNT,
      ensemble.ids.filter((id) => id !== away),
    );
    await ensemble.startServer(away!);
    // Writes go on while the snapshot is on its way.
    await write(
      COMMIT_LOG_COUNT,
      ensemble.ids.filter((id) => id !== away),
    );
    await ensemble.whenServing();
    expect(methods(away!).at(-1)).toBe("snap");
    await expectEqualTrees();
    await ensemble.kill(away!);
    await ensemble.startServer(away!);
    await ensemble.whenServing();
    await expectEqualTrees();
    expectNoErrors();
  });

  it("loses what it alone had logged as a leader", async () => {
    for (const goesOn of [false, true]) {
      const deposed = await ensemble.whenLed();
      const others = await ensemble.followers();
      const lost = `/lost-${String(goesOn)}`;
      const { client } = await RawClient.open(ensemble.clientPort(deposed));
      await ensemble.pause(...others);
      client.write(
        Buffer.concat([
          request(1, OpCode.create, body.create(lost)),
          request(2, OpCode.create, body.create(`${lost}/below`)),
        ]),
      );
      await eventually("the tail is logged", () => hasLogged(deposed, 2));
      await ensemble.kill(deposed);
      expect(client.unreadCount).toBe(0);
      // Killed too: what waits in their sockets must not reach them.
      await ensemble.kill(...others);
      for (const id of others) await ensemble.startServer(id);
      await ensemble.whenServing(others);
      if (goesOn) await write(10, others);
      await ensemble.startServer(deposed);
      await ensemble.whenServing();
      expect(methods(deposed).at(-1)).toBe("trunc");
      const reader = await EnsembleClient.connect(ensemble.connectString([deposed]));
      expect(await reader.exists(lost)).toBeNull();
      await reader.close();
      await expectEqualTrees();
      await ensemble.kill(deposed);
      await ensemble.startServer(deposed);
      await ensemble.whenServing();
      await expectEqualTrees();
    }
    expectNoErrors();
  });

  it("keeps what a dead leader had sent out, on all servers alike", async () => {
    const deposed = await ensemble.whenLed();
    const others = await ensemble.followers();
    const { client } = await RawClient.open(ensemble.clientPort(deposed));
    await ensemble.pause(...others);
    client.write(request(1, OpCode.create, body.create("/sent-out")));
    await eventually("the proposal is logged", () => hasLogged(deposed, 1));
    await ensemble.kill(deposed);
    for (const id of others) ensemble.resume(id);
    await ensemble.whenLed(others);
    await ensemble.startServer(deposed);
    await ensemble.whenServing();
    await expectEqualTrees();
    expectNoErrors();
  });

  /** Whether a leader without followers has `count` proposals that wait. */
  const hasLogged = async (id: number, count: number): Promise<boolean> => {
    const answer = await askFourLetterWord("127.0.0.1", ensemble.clientPort(id), "mntr");
    return answer.includes(`zk_outstanding_requests\t${count}\n`);
  };
});

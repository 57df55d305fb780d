/**
 * The four-letter words, as tools send and parse them, on an ensemble that serves, on one that has
 * lost its quorum, and on a server that allows none.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OpCode } from "../../src/wire/index.ts";
import { askFourLetterWord } from "../compat/support/four-letter-word.ts";
import { RawClient, body } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

describe("A server asked a four-letter word", () => {
  let ensemble: TestEnsemble;
  let leader: number;
  let follower: number;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3);
    leader = await ensemble.whenLed();
    follower = (await ensemble.followers())[0]!;
  });

  afterAll(() => ensemble.dispose());

  const ask = (word: string, id = leader): Promise<string> =>
    askFourLetterWord("127.0.0.1", ensemble.clientPort(id), word);

  /** `key<separator>value` lines as an object. */
  const fields = (text: string, separator: string): Record<string, string> =>
    Object.fromEntries(
      text
        .trimEnd()
        .split("\n")
        .map((line) => {
          const at = line.indexOf(separator);
          return [line.slice(0, at), line.slice(at + separator.length)];
        }),
    );

  it("answers ruok and isro", async () => {
    expect(await ask("ruok")).toBe("imok");
    expect(await ask("isro", follower)).toBe("rw");
  });

  it("answers srvr with its mode", async () => {
    for (const [id, mode] of [
      [leader, "leader"],
      [follower, "follower"],
    ] as const) {
      const answer = await ask("srvr", id);
      expect(answer).toMatch(/^Zookeeper version: \S+, built on /);
      expect(fields(answer, ": ")).toMatchObject({
        Mode: mode,
        Connections: expect.stringMatching(/^\d+$/),
        Outstanding: "0",
        Received: expect.stringMatching(/^\d+$/),
        Sent: expect.stringMatching(/^\d+$/),
        Zxid: expect.stringMatching(/^0x[0-9a-f]+$/),
        "Latency min/avg/max": expect.stringMatching(/^\d+\/\d+(\.\d+)?\/\d+$/),
        "Node count": expect.stringMatching(/^\d+$/),
      });
    }
  });

  it("names its clients in stat and cons", async () => {
    const { client, session } = await RawClient.open(ensemble.clientPort(follower));
    await client.call(1, OpCode.exists, body.read("/"));
    expect(await ask("stat", follower)).toMatch(
      /^Clients:\n( \/127\.0\.0\.1:\d+\[[01]\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\nLatency/m,
    );
    const sessionId = BigInt.asUintN(64, session.sessionId).toString(16);
    expect(await ask("cons", follower)).toContain(`sid=0x${sessionId},`);
    await client.destroy();
  });

  it("answers mntr with keys and values that count", async () => {
    const { client } = await RawClient.open(ensemble.clientPort(leader));
    await client.call(1, OpCode.create, body.create("/counted"));
    await client.call(2, OpCode.getData, body.read("/counted", true));
    const values = fields(await ask("mntr"), "\t");
    expect(values).toMatchObject({
      zk_server_state: "leader",
      zk_synced_followers: "2",
      // One more than a client sees: ZooKeeper counts the root twice.
      zk_znode_count: "6",
      zk_watch_count: "1",
      zk_ephemerals_count: "0",
      zk_outstanding_requests: "0",
    });
    expect(Number(values["zk_packets_received"])).toBeGreaterThanOrEqual(2);
    expect(fields(await ask("mntr", follower), "\t")).toMatchObject({
      zk_server_state: "follower",
    });
    await client.destroy();
  });

  it("answers conf with what it runs with", async () => {
    expect(fields(await ask("conf", follower), "=")).toMatchObject({
      clientPort: String(ensemble.clientPort(follower)),
      serverId: String(follower),
      tickTime: "500",
      initLimit: "10",
      syncLimit: "4",
      minSessionTimeout: "1000",
      maxSessionTimeout: "10000",
    });
  });

  it("understands a word that comes in pieces, or with a line end", async () => {
    for (const pieces of [["r", "uo", "k"], ["ruok\n"], ["ruok\r\n"]]) {
      const socket = connect({ host: "127.0.0.1", port: ensemble.clientPort(leader) });
      let answer = "";
      socket.on("data", (chunk: Buffer) => {
        answer += chunk.toString();
      });
      const closed = new Promise((resolve) => socket.once("close", resolve));
      for (const piece of pieces) {
        socket.write(piece);
        await sleep(20);
      }
      await closed;
      expect(answer).toBe("imok");
    }
  });

  it("says so when it does not serve for want of a quorum", async () => {
    await ensemble.kill(...ensemble.ids.filter((id) => id !== follower));
    const notServing = "This ZooKeeper instance is not currently serving requests\n";
    await eventually("not serving", async () => (await ask("srvr", follower)) === notServing);
    expect(await ask("mntr", follower)).toBe(notServing);
    expect(await ask("stat", follower)).toBe(notServing);
    expect(await ask("ruok", follower)).toBe("imok");
    expect(await ask("isro", follower)).toBe("null");
  });

  it("refuses words that are not allowed", async () => {
    const standalone = await TestEnsemble.start(1, { "4lw.commands.whitelist": "srvr" });
    try {
      const port = standalone.clientPort(1);
      expect(await askFourLetterWord("127.0.0.1", port, "srvr")).toContain("Mode: standalone\n");
      expect(await askFourLetterWord("127.0.0.1", port, "mntr")).toBe(
        "mntr is not executed because it is not in the whitelist.\n",
      );
    } finally {
      await standalone.dispose();
    }
  });
});

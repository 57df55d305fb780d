/** The real peers themselves: they install, start, and talk to each other on this machine. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  installApacheZooKeeper,
  runZkCli,
  startApacheEnsemble,
} from "./support/apache-zookeeper.ts";
import type { ApacheEnsemble } from "./support/apache-zookeeper.ts";
import { askFourLetterWord, askServerMode } from "./support/four-letter-word.ts";
import { installKazoo, runKazoo } from "./support/kazoo.ts";
import { describeWithPeers } from "./support/real-peers.ts";

const INSTALL_TIMEOUT_MS = 400_000;

await describeWithPeers(
  "Apache ZooKeeper as a reference",
  [installApacheZooKeeper, installKazoo],
  () => {
    let baseFolder: string;
    let standalone: ApacheEnsemble;

    beforeAll(async () => {
      baseFolder = await mkdtemp(path.join(tmpdir(), "ensemble-compat-"));
      standalone = await startApacheEnsemble(1, { baseFolder: path.join(baseFolder, "one") });
    }, INSTALL_TIMEOUT_MS);

    afterAll(async () => {
      await standalone.stop();
      await rm(baseFolder, { recursive: true, force: true });
    });

    test("zkCli creates a node that kazoo reads", async () => {
      const created = await runZkCli(standalone.connectString, ["create", "/greeting", "hello"]);
      expect(created.exitCode).toBe(0);
      const script = [
        "import sys",
        "from kazoo.client import KazooClient",
        "client = KazooClient(hosts=sys.argv[1])",
        "client.start(timeout=10)",
        "print(client.get('/greeting')[0].decode())",
        "client.create('/answer', b'hi')",
        "client.stop()",
      ].join("\n");
      expect((await runKazoo(script, [standalone.connectString])).stdout).toBe("hello\n");
      const got = await runZkCli(standalone.connectString, ["get", "/answer"]);
      expect(got.stdout).toContain("hi");
    });

    test("askFourLetterWord() returns the whole answer", async () => {
      const port = standalone.members[0]?.ports.client ?? 0;
      const answer = await askFourLetterWord("127.0.0.1", port, "srvr");
      expect(answer).toMatch(/^Zookeeper version: 3\.9\./);
      expect(answer).toMatch(/Node count: \d+\n$/);
    });

    test("a failing zkCli command returns its exit code", async () => {
      const got = await runZkCli(standalone.connectString, ["get", "/nowhere"]);
      expect(got.exitCode).not.toBe(0);
      expect(got.stderr).toContain("Node does not exist");
    });

    test("three servers elect one leader, and stop cleanly", async () => {
      const three = await startApacheEnsemble(3, { baseFolder: path.join(baseFolder, "three") });
      const ports = three.members.map((member) => member.ports.client);
      const modes = await Promise.all(ports.map((port) => askServerMode("127.0.0.1", port)));
      await three.stop();
      expect(modes.sort()).toEqual(["follower", "follower", "leader"]);
      expect(three.servers.every((server) => server.hasExited())).toBe(true);
      const log = await readFile(three.servers[0]?.logPath ?? "", "utf8");
      expect(log).toContain("FOLLOWING");
    });
  },
);

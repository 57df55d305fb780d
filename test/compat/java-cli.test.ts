/**
 * Our servers as Java users see them: the same commands typed into Apache's command line client
 * on our ensemble and on Apache's own server must print the same, apart from times and ids; and a
 * program on the Apache client API finds what it expects, also after its server was killed.
 */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installApacheZooKeeper, runZkCliCommands } from "./support/apache-zookeeper.ts";
import type { ZkCliOutput } from "./support/apache-zookeeper.ts";
import { installJavaCompiler, startJavaProgram } from "./support/java-program.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";

const clientCheck = fileURLToPath(new URL("java/ClientCheck.java", import.meta.url));

/** One session of a user: each line with what it must print on both, where that is fixed. */
const session: readonly (readonly [command: string, output?: string])[] = [
  ["create /a x"],
  ["create /a again"],
  ["create /b/c no-parent"],
  ["create -s /a/s- y"],
  ["create -e /a/e z"],
  ["create -e -s /a/es- w"],
  ["create -c /c"],
  ["create /a/e/kid"],
  ["ls /", "[a, c, zookeeper]\n"],
  ["ls /a", "[e, es-0000000002, s-0000000000]\n"],
  ["ls -s /a"],
  ["ls -R /a", "/a\n/a/e\n/a/es-0000000002\n/a/s-0000000000\n"],
  ["ls /nowhere"],
  ["get /a", "x\n"],
  ["get -s /a"],
  ["set /a one", ""],
  ["set -s -v 1 /a two"],
  ["set -v 1 /a three"],
  ["set /nowhere x"],
  ["get /a", "two\n"],
  ["stat /a"],
  ["stat /nowhere"],
  ["getAllChildrenNumber /a", "3\n"],
  ["getEphemerals"],
  ["whoami", "Auth scheme: User\nip: 127.0.0.1\n"],
  ["getAcl /a", "'world,'anyone\n: cdrwa\n"],
  ["addauth digest me:secret", ""],
  ["whoami"],
  ["create /p hidden auth:me:secret:cdrwa"],
  ["getAcl /p", "'digest,'me:016djjlksVQS5RgX3M7biBGyYwY=\n: cdrwa\n"],
  ["create /r x world:anyone:r,ip:127.0.0.1:w"],
  ["getAcl -s /r"],
  ["set /r y", ""],
  ["delete /r", ""],
  ["setAcl -s /p world:anyone:rwa"],
  ["setAcl -v 7 /p world:anyone:r"],
  ["getAcl /p", "'world,'anyone\n: rwa\n"],
  ["create /p/kid"],
  ["sync /a", "Sync is OK\n"],
  ["delete /a"],
  ["delete -v 5 /a/e"],
  ["delete -v 0 /a/e", ""],
  ["delete /a/e"],
  ["deleteall /a", ""],
  ["ls -R /"],
];

await describeWithPeers("Java clients on our servers", [installApacheZooKeeper], () => {
  let ours: ServerGroup;

  beforeAll(async () => {
    ours = await ServerGroup.layOut(3);
    await ours.start("ensemble");
  });

  afterAll(async () => {
    await ours.remove();
  });

  describe("zkCli", () => {
    let outputs: { ours: ZkCliOutput; apache: ZkCliOutput };

    beforeAll(async () => {
      const reference = await ServerGroup.layOut(1);
      try {
        await reference.start("apache");
        const commands = session.map(([command]) => command);
        outputs = {
          ours: await runZkCliCommands(ours.connectString, commands),
          apache: await runZkCliCommands(reference.connectString, commands),
        };
      } finally {
        await reference.remove();
      }
    });

    test("prints what its users expect", () => {
      const seen = session.map(([command, expected], index) => {
        return expected === undefined ? [command] : [command, outputs.ours.outputs[index]];
      });
      const wanted = session.map((line) => line.filter((part) => part !== undefined));
      expect(seen).toEqual(wanted);
    });

    test("prints the same as on Apache's own server", () => {
      const inContext = (output: ZkCliOutput): string[][] => {
        const firstZxid = firstZxidIn(output);
        return session.map(([command], index) => {
          return [command, comparable(command, output.outputs[index] ?? "none", firstZxid)];
        });
      };
      expect(inContext(outputs.ours)).toEqual(inContext(outputs.apache));
    });

    test("confirms and fails with the same words as on Apache's own server", () => {
      expect(outputs.apache.messages).toContain("Node already exists: /a");
      expect(outputs.ours.messages).toEqual(outputs.apache.messages);
    });

    test("leaves no ephemeral node behind", async () => {
      const { outputs: after } = await runZkCliCommands(ours.connectString, ["ls -R /"]);
      expect(after[0]?.split("\n")).not.toContain("/a/es-0000000002");
    });
  });
});

await describeWithPeers(
  "The Apache client API",
  [installApacheZooKeeper, installJavaCompiler],
  () => {
    let ours: ServerGroup;

    beforeAll(async () => {
      ours = await ServerGroup.layOut(3);
      await ours.start("ensemble");
    });

    afterAll(async () => {
      await ours.remove();
    });

    test("works on our servers, also after kill -9 of the one it is on", async () => {
      const program = await startJavaProgram(clientCheck, [ours.connectString]);
      try {
        const [, port] = await program.output(/^on port (\d+)$/mu);
        const member = ours.members.find(({ ports }) => ports.client === Number(port));
        await ours.kill([member?.id ?? 0]);
        expect(await program.done).toMatch(/passed\n$/u);
      } finally {
        program.kill();
      }
    });
  },
);

/** A command's output without times, first zxids, and the order of sets, which is not defined. */
function comparable(command: string, text: string, firstZxid: bigint): string {
  if (command === "getEphemerals" || command === "whoami") {
    const sorted = text
      .trim()
      .replace(/^\[|\]$/gu, "")
      .split(/, |\n/u)
      .sort();
    return sorted.join(", ");
  }
  return text
    .replace(/^([cm]time) = .*$/gmu, "$1 = TIME")
    .replace(/0x[1-9a-f][0-9a-f]*/gu, (zxid) => `first zxid + ${BigInt(zxid) - firstZxid}`);
}

/** The zxid of the session's first node. */
function firstZxidIn(output: ZkCliOutput): bigint {
  const statOfA = output.outputs[session.findIndex(([command]) => command === "stat /a")];
  return BigInt(/cZxid = (0x[0-9a-f]+)/u.exec(statOfA ?? "")?.[1] ?? -1);
}

/**
 * Reconfigurations beside Apache ZooKeeper: the same requests in the same order to an ensemble of
 * Apache's servers and to one of ours, with the same answers, configurations and files; and ours
 * as zkCli and kazoo see it.
 */
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import type { MembershipChange } from "../../src/client/index.ts";
import { eventually } from "../integration/support/test-ensemble.ts";
import { installApacheZooKeeper, runZkCliCommands } from "./support/apache-zookeeper.ts";
import { installKazoo, runKazoo } from "./support/kazoo.ts";
import type { MemberLayout } from "./support/member-layout.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";

const config = { reconfigEnabled: true, skipACL: "yes" };

/** One step: what is asked of an ensemble of three, by its members' lines. */
interface Step {
  readonly what: string;
  readonly change: (line: (id: number, role?: string) => string) => MembershipChange;
  /** Added to the version that is to be replaced; any version will do without it. */
  readonly versionOffset?: bigint;
}

const steps: readonly Step[] = [
  { what: "a voter becomes an observer", change: (line) => ({ add: [line(3, "observer")] }) },
  { what: "a role in capitals", change: (line) => ({ add: [line(3, "PARTICIPANT")] }) },
  { what: "the current version", change: (line) => ({ add: [line(3)] }), versionOffset: 0n },
  { what: "another version", change: (line) => ({ add: [line(3)] }), versionOffset: -1n },
  { what: "a later version", change: (line) => ({ add: [line(3)] }), versionOffset: 1n },
  { what: "too few voters are left", change: () => ({ remove: [2, 3] }) },
  { what: "an unknown server leaves", change: () => ({ remove: [9] }) },
  { what: "no client port", change: () => ({ add: ["server.4=127.0.0.1:1:2"] }) },
  { what: "no server line", change: () => ({ add: ["hello"] }) },
  { what: "two equal signs", change: () => ({ add: ["server.4=127.0.0.1:1:2;3=4"] }) },
  { what: "a role that is none", change: () => ({ add: ["server.4=127.0.0.1:1:2:voter;3"] }) },
  { what: "a port that is no number", change: () => ({ add: ["server.4=127.0.0.1:x:2;3"] }) },
  { what: "one port for two uses", change: () => ({ add: ["server.4=127.0.0.1:1:1;3"] }) },
  { what: "an absent observer", change: () => ({ add: ["server.4=127.0.0.1:1:2:observer;3"] }) },
  { what: "blanks between the ids", change: () => ({ remove: [4] }) },
  {
    what: "absent voters",
    change: (line) => ({
      members: [line(1), "server.4=127.0.0.1:1:2;3", "server.5=127.0.0.1:4:5;6"],
    }),
  },
  { what: "all members", change: (line) => ({ members: [line(3), line(1), line(2)] }) },
  {
    what: "lines with commas between",
    change: (line) => ({ members: [[1, 2, 3].map((id) => line(id)).join(",")] }),
  },
  {
    what: "lines without client ports",
    change: (line) => ({ members: [1, 2, 3].map((id) => line(id).split(";")[0]!) }),
  },
  {
    what: "another key",
    change: (line) => ({ members: [line(1), line(2), line(3), "tickTime=5"] }),
  },
  { what: "no members", change: () => ({ members: [""] }) },
  {
    what: "groups and weights",
    change: (line) => ({
      members: [
        line(1),
        line(2),
        line(3),
        "group.1=1:2",
        "group.2=3",
        "weight.1=2",
        "weight.2=1",
        "weight.3=1",
      ],
    }),
  },
  { what: "a change of groups", change: (line) => ({ add: [line(3)] }) },
  { what: "majorities again", change: (line) => ({ members: [line(1), line(2), line(3)] }) },
];

/** A text with the ports of all members under names. */
function withNames(text: string, members: readonly MemberLayout[]): string {
  let named = text.replace(/version=[0-9a-f]+/u, "version=*");
  for (const { id, ports } of members) {
    for (const [name, port] of Object.entries(ports)) {
      named = named.replaceAll(`:${port}`, `:${name}-${id}`);
    }
  }
  return named;
}

/** What is answered, and shown afterwards; in words that do not depend on ports and zxids. */
async function answerTo(
  client: EnsembleClient,
  change: MembershipChange,
  fromVersion: bigint,
  group: ServerGroup,
): Promise<string> {
  try {
    const { text, stat } = await despiteLoss(async () => {
      const changed = await client.reconfigure(change, { fromVersion });
      expect((await client.getConfig()).text).toBe(changed.text);
      return changed;
    });
    expect(text).toContain(`version=${stat.mzxid.toString(16)}`);
    const { czxid, version, dataLength } = stat;
    return `${withNames(text, group.members)} ${czxid} ${version} ${dataLength === text.length}`;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code;
  }
}

/** A change may give the client's server another leader: the same again says the same. */
async function despiteLoss<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: string }).code !== "connectionLoss") throw error;
    }
  }
}

/** Does all steps; what each of them was answered. */
async function runSteps(kind: ServerKind): Promise<Record<string, string>> {
  const group = await ServerGroup.layOut(3, config);
  const answers: Record<string, string> = {};
  try {
    await group.start(kind);
    const line = (id: number, role = "participant"): string => {
      const { quorum, election, client } = group.members[id - 1]!.ports;
      return `server.${id}=127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`;
    };
    const client = await EnsembleClient.connect(group.connectString);
    const first = await despiteLoss(() => client.getConfig());
    answers["at first"] = withNames(first.text, group.members);
    for (const { what, change, versionOffset } of steps) {
      const { version } = await despiteLoss(() => client.getConfig());
      const fromVersion = versionOffset === undefined ? -1n : version + versionOffset;
      answers[what] = await answerTo(client, change(line), fromVersion, group);
    }
    const last = await despiteLoss(() => client.getConfig());
    await client.close();
    const { folder, zooCfgPath } = group.members[0]!;
    const dynamic = `${zooCfgPath}.dynamic.${last.version.toString(16)}`;
    // Files follow the answer; the first server may not even have heard of the change yet.
    await eventually("the newest dynamic file is there", () => existsSync(dynamic));
    const named = `dynamicConfigFile=${dynamic}`;
    await eventually("it is named", async () =>
      (await readFile(zooCfgPath, "utf8")).includes(named),
    );
    answers["dynamic file"] = withNames(await readFile(dynamic, "utf8"), group.members);
    answers["static file"] = (await readFile(zooCfgPath, "utf8"))
      .split("\n")
      .filter((text) => text !== "" && !text.startsWith("#"))
      .map((text) => text.split("=")[0])
      .sort()
      .join(" ");
    const names = (await readdir(folder)).filter((name) => /^zoo\.cfg/u.test(name));
    answers["kept"] = names
      .filter((name) => !/dynamic\.\d/u.test(name))
      .sort()
      .join(" ");
    expect(path.basename(dynamic)).toBe(
      names
        .filter((name) => /dynamic\.\d/u.test(name))
        .sort()
        .at(-1),
    );
  } finally {
    await group.remove();
  }
  return answers;
}

await describeWithPeers("Reconfigurations, ours and Apache's", [installApacheZooKeeper], () => {
  test("the same requests have the same results", async () => {
    const apache = await runSteps("apache");
    const ours = await runSteps("ensemble");
    expect(ours).toEqual(apache);
  });
});

await describeWithPeers(
  "Reconfigurations by clients of others",
  [installApacheZooKeeper, installKazoo],
  () => {
    let group: ServerGroup;
    /** Whose clients stay connected while another server changes its role. */
    let leader: number;
    let other: number;

    beforeAll(async () => {
      group = await ServerGroup.layOut(3, config);
      await group.start("ensemble");
      leader = await group.leader();
      other = (leader % 3) + 1;
    });

    afterAll(async () => {
      await group.remove();
    });

    const line = (id: number, role: string): string => {
      const { quorum, election, client } = group.members[id - 1]!.ports;
      return `server.${id}=127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`;
    };

    test("zkCli shows and changes the members", async () => {
      const { outputs, messages } = await runZkCliCommands(group.addressOf(leader), [
        "config",
        `reconfig -add ${line(other, "observer")}`,
        "reconfig -remove 1,2,3",
        "config -c",
      ]);
      expect(outputs[0]).toMatch(/server\.1=.*\n.*\n.*\nversion=100000000/u);
      expect(outputs[1]).toContain(`Committed new configuration:\nserver.1=`);
      expect(outputs[1]).toContain(line(other, "observer"));
      expect(messages.join("\n")).toContain("Arguments are not valid");
      expect(outputs[3]).toContain(`127.0.0.1:${group.member(other).ports.client}`);
    });

    test("kazoo shows and changes the members", async () => {
      const script = `
import sys
from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, NewConfigNoQuorumError
client = KazooClient(hosts=sys.argv[1])
client.start()
before, stat = client.get("/zookeeper/config")
data, stat = client.reconfig(joining=sys.argv[2], leaving=None, new_members=None)
assert sys.argv[2].encode() in data, data
assert client.get("/zookeeper/config")[0] == data
try:
    client.reconfig(joining=sys.argv[2], leaving=None, new_members=None, from_config=1)
    raise AssertionError("any version would do")
except BadVersionError:
    pass
client.stop()
print("passed")
`;
      const { stdout, stderr } = await runKazoo(script, [
        group.addressOf(leader),
        line(other, "participant"),
      ]);
      expect(stdout, stderr).toBe("passed\n");
    });
  },
);

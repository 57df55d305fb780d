/** Quota nodes: Apache's server and ours write, count and refuse the same. */
import { expect, test } from "vitest";
import { JuteReader, OpCode } from "../../src/wire/index.ts";
import { createBody, deleteBody, pathBody, setDataBody } from "../tree/support/leader-rig.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { RawSession } from "./support/raw-session.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";
import type { ServerKind } from "./support/server-group.ts";

const quota = "/zookeeper/quota/a";
const stats = `${quota}/zookeeper_stats`;
const limits = `${quota}/zookeeper_limits`;

const steps: readonly (readonly [type: number, body: Buffer])[] = [
  [OpCode.create, createBody("/a", { data: "12345" })],
  [OpCode.create, createBody("/a/b", { data: "x" })],
  [OpCode.create, createBody(quota)],
  [OpCode.create, createBody(limits, { data: "count=-1,bytes=-1=;countHardLimit=4" })],
  [OpCode.create, createBody(stats, { data: "count=0,bytes=0" })],
  [OpCode.create, createBody("/a/c", { data: null })],
  [OpCode.setData, setDataBody("/a/b", "xyz")],
  [OpCode.create, createBody("/a/b/d", { data: "1" })],
  [OpCode.create, createBody("/a/e")],
  [OpCode.createContainer, createBody("/a/e", { flags: 4 })],
  [OpCode.delete, deleteBody("/a/c")],
  [OpCode.create, createBody("/a/e", { flags: 1 })],
  [OpCode.setData, setDataBody(limits, "count=1,bytes=3=;byteHardLimit=10")],
  [OpCode.setData, setDataBody("/a/b", "xyz1")],
  [OpCode.setData, setDataBody("/a/b", "xyz12")],
  [OpCode.setData, setDataBody("/a/b", "xyz12", 77)],
  [OpCode.setData, setDataBody(limits, "byteHardLimit=1")],
  [OpCode.setData, setDataBody("/a/b", "x")],
  [OpCode.setData, setDataBody(stats, "count=50;bytes=7,zz=3,aa=4")],
  [OpCode.create, createBody("/a/f", { data: null })],
  [OpCode.delete, deleteBody(stats)],
  [OpCode.create, createBody("/a/g", { data: "123" })],
  [OpCode.create, createBody(stats)],
  [OpCode.delete, deleteBody(limits)],
  [OpCode.create, createBody("/a/h", { data: "123456789" })],
];

/** What each step came to, and what the statistics say after it; also after a restart. */
async function play(kind: ServerKind): Promise<string[]> {
  const group = await ServerGroup.layOut(1, { enforceQuota: "true" });
  const answers: string[] = [];
  try {
    await group.start(kind);
    const port = group.member(1).ports.client;
    const session = await RawSession.open({ port, timeoutMs: 10_000 });
    const statsNow = async (client: RawSession): Promise<string> => {
      const read = Buffer.concat([pathBody(stats), Buffer.from([0])]);
      const reply = await client.request(OpCode.getData, read);
      if (reply === null || reply.err !== 0) return `error ${reply?.err}`;
      const reader = new JuteReader(reply.body);
      const text = reader.readBuffer()?.toString();
      // The version follows four longs of the stat.
      return `${text} version ${reply.body.readInt32BE(reader.offset + 32)}`;
    };
    for (const [type, body] of steps) {
      const reply = await session.request(type, body);
      answers.push(`${reply?.err}: ${await statsNow(session)}`);
    }
    await session.close();
    await group.stop();
    await group.start(kind);
    const again = await RawSession.open({ port, timeoutMs: 10_000 });
    answers.push(await statsNow(again));
    await again.close();
  } finally {
    await group.remove();
  }
  return answers;
}

await describeWithPeers("Quotas", [installApacheZooKeeper], () => {
  test("are kept as Apache's server keeps them", async () => {
    const expected = await play("apache");
    expect(expected.some((answer) => answer.startsWith("-125"))).toBe(true);
    expect(await play("ensemble")).toEqual(expected);
  });
});

/** How a leader judges reconfigurations, and what applying one does. */
import { describe, expect, test } from "vitest";
import type { ReconfigGate } from "../../src/tree/index.ts";
import { ErrorCode, JuteWriter, OpCode, parseQuorumConfig } from "../../src/wire/index.ts";
import { writeReconfigRequest } from "../../src/wire/index.ts";
import type { QuorumConfig, ReconfigRequest } from "../../src/wire/index.ts";
import { LeaderRig, setAclBody } from "./support/leader-rig.ts";

const servers = "server.1=a:1:2:participant;0.0.0.0:3\nserver.2=b:1:2:participant;0.0.0.0:3";
const path = "/zookeeper/config";

class Gate implements ReconfigGate {
  readonly votersMin = 1;
  readonly asked: QuorumConfig[] = [];
  obstacle = 0;
  verdict = 0;

  problem(): number {
    return this.obstacle;
  }

  current(): QuorumConfig {
    return parseQuorumConfig(`${servers}\nversion=5`);
  }

  refusal(next: QuorumConfig): number {
    this.asked.push(next);
    return this.verdict;
  }
}

function body(request: Partial<ReconfigRequest>): Buffer {
  const writer = new JuteWriter();
  const none = { joining: null, leaving: null, newMembers: null, fromVersion: -1n };
  writeReconfigRequest(writer, { ...none, ...request });
  return writer.takeCopy();
}

const superuser = { authInfo: [{ scheme: "super", id: "" }] };
const leaving = body({ leaving: "2" });

describe("reconfig", () => {
  test("becomes a transaction of all servers, with the configuration's text", () => {
    const rig = new LeaderRig({ reconfig: new Gate() });
    const { prepared, result } = rig.run(OpCode.reconfig, leaving, superuser);
    const text = `${servers.split("\n")[0]}\nversion=${rig.zxid.toString(16)}`;
    const data = Buffer.from(text);
    expect(prepared.header.type).toBe(OpCode.reconfig);
    expect(prepared.txn).toEqual({ type: OpCode.reconfig, path, data, version: -1 });
    expect(result.data?.toString()).toBe(text);
    expect(result.stat).toMatchObject({ version: -1, mzxid: rig.zxid, dataLength: data.length });
    expect(rig.tree.getNode(path)?.data?.toString()).toBe(text);
    expect(rig.mismatches).toEqual([]);
  });

  test("is disabled without a gate", () => {
    expect(new LeaderRig().code(OpCode.reconfig, leaving, superuser)).toBe(
      ErrorCode.reconfigDisabled,
    );
  });

  test("fails with the first thing that is in its way; the access list is the last", () => {
    const gate = new Gate();
    const rig = new LeaderRig({ reconfig: gate });
    const code = (request: Buffer): number => rig.code(OpCode.reconfig, request);
    gate.obstacle = ErrorCode.reconfigInProgress;
    gate.verdict = ErrorCode.newConfigNoQuorum;
    const wrong = { leaving: "x", fromVersion: 4n };
    expect(code(body(wrong))).toBe(ErrorCode.reconfigInProgress);
    gate.obstacle = 0;
    expect(code(body(wrong))).toBe(ErrorCode.badVersion);
    expect(code(body({ leaving: "x" }))).toBe(ErrorCode.badArguments);
    expect(gate.asked).toEqual([]);
    expect(code(leaving)).toBe(ErrorCode.newConfigNoQuorum);
    expect([...(gate.asked[0]?.servers.keys() ?? [])]).toEqual([1n]);
    gate.verdict = 0;
    expect(code(leaving)).toBe(ErrorCode.noAuth);
    expect(code(Buffer.alloc(3))).toBe(ErrorCode.marshallingError);
  });

  test("may be allowed by the access list of the configuration's node, or by skipACL", () => {
    const rig = new LeaderRig({ reconfig: new Gate() });
    const open = [{ perms: 3, id: { scheme: "world", id: "anyone" } }];
    expect(rig.code(OpCode.setACL, setAclBody(path, open), superuser)).toBe(0);
    expect(rig.code(OpCode.reconfig, leaving)).toBe(0);
    const skipping = new LeaderRig({ reconfig: new Gate(), skipAcl: true });
    expect(skipping.code(OpCode.reconfig, leaving)).toBe(0);
  });
});

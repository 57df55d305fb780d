import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { NetworkMemberAccess } from "../../../src/operator/index.ts";
import { MemberError } from "../../../src/operator/members/member-error.ts";
import { joinReports } from "../../../src/operator/members/member-reports.ts";
import { parseMemberState } from "../../../src/operator/members/member-state.ts";
import { ownerWith } from "../desired/support/owner.ts";

const FOLLOWER = {
  command: "member_state",
  error: null,
  server_id: 2,
  role: "follower",
  leader_id: 1,
  epoch: 3,
  zxid: "0x300000005",
  config_version: "0x100000002",
  voters: [1, 2, 3],
  ensemble_id: "e-1",
  disk_problem: null,
  learners: [],
};
const LEADER = {
  ...FOLLOWER,
  server_id: 1,
  role: "leader",
  zxid: "0x300000009",
  learners: [
    { server_id: 2, is_synced: true, zxid: "0x300000005", lag: 4 },
    { server_id: -4, is_synced: false, zxid: "0x0", lag: 9 },
    { server_id: 3, is_synced: false, zxid: "0x300000001", lag: 8 },
  ],
};

describe("parseMemberState()", () => {
  it("reads what a member says", () => {
    expect(parseMemberState(FOLLOWER)).toEqual({
      sid: 2,
      role: "follower",
      zxid: 0x300000005n,
      epoch: 3,
      configVersion: 0x100000002n,
      voters: [1, 2, 3],
      ensembleUid: "e-1",
      diskProblem: null,
      learnerLags: new Map(),
    });
  });

  it("reads which settings it was given, and whether they wait for a restart", () => {
    const stateOf = (settings: unknown) => parseMemberState({ ...FOLLOWER, settings }).settings;
    expect(stateOf({ digest: "d", awaiting_restart: [] })).toEqual({
      digest: "d",
      awaitsRestart: false,
    });
    expect(stateOf({ digest: "d", awaiting_restart: ["tickTime"] })?.awaitsRestart).toBe(true);
    expect(stateOf(null)).toBeUndefined();
    for (const wrong of [7, { digest: "d" }, { digest: null, awaiting_restart: [] }]) {
      expect(() => stateOf(wrong)).toThrow(MemberError);
    }
  });

  it("expects little of a member that reads its disk", () => {
    expect(parseMemberState({ server_id: 2, role: "recovering" })).toMatchObject({
      role: "recovering",
      ensembleUid: null,
    });
  });

  it.each([
    ["server_id", "2"],
    ["server_id", undefined],
    ["role", 1],
    ["role", "x".repeat(101)],
    ["epoch", 1.5],
    ["zxid", "300000005"],
    ["zxid", "0x1ffffffffffffffff"],
    ["config_version", null],
    ["ensemble_id", {}],
    ["disk_problem", "odd"],
    ["learners", null],
    ["learners", [null]],
    ["learners", [{ is_synced: true }]],
  ])("refuses a state whose %s is %j", (name, value) => {
    expect(() => parseMemberState({ ...FOLLOWER, [name]: value })).toThrow(MemberError);
  });
});

describe("joinReports()", () => {
  const states = (...all: object[]) =>
    all.map((fields) => parseMemberState({ ...FOLLOWER, ...fields }));

  it("takes a learner's lag from its leader", () => {
    const reports = joinReports(states(LEADER, FOLLOWER, { server_id: 3, role: "joining" }));
    expect(reports.get(1)).toMatchObject({ role: "leader", lag: 0, isSynced: true });
    expect(reports.get(2)).toMatchObject({ role: "follower", lag: 4, isSynced: true });
    expect(reports.get(3)).toMatchObject({ role: "learner", lag: null, isSynced: false });
  });

  it("knows no lag without a leader", () => {
    const reports = joinReports(states(FOLLOWER, { server_id: 3, role: "looking" }));
    expect(reports.get(2)).toMatchObject({ lag: null, isSynced: true });
    expect(reports.get(3)).toMatchObject({ role: "none", isSynced: false });
  });

  it("compares zxids where the leader is one that does not say how far others are", () => {
    const unknown = {
      configVersion: 0n,
      voters: null,
      ensembleUid: null,
      diskProblem: null,
      learnerLags: null,
    };
    const old = (sid: number, role: string, zxid: bigint) => {
      return { ...unknown, sid, role, zxid, epoch: Number(zxid >> 32n) };
    };
    const reports = joinReports([
      old(11, "leader", 0x300000009n),
      old(12, "follower", 0x300000007n),
      // It has not got anything of this epoch yet.
      old(13, "follower", 0x200000070n),
      ...states({ server_id: 14, role: "observer" }, { server_id: 15, role: "joining" }),
    ]);
    expect(reports.get(11)).toMatchObject({ role: "leader", epoch: 3, lag: 0 });
    expect(reports.get(12)).toMatchObject({ role: "follower", epoch: 3, lag: 2 });
    expect(reports.get(13)).toMatchObject({ role: "follower", epoch: 3, lag: 9 });
    expect(reports.get(14)).toMatchObject({ role: "observer", epoch: 3, lag: 4 });
    expect(reports.get(15)).toMatchObject({ role: "learner", lag: null });
  });

  it("believes the leader of the later epoch", () => {
    const former = { ...LEADER, server_id: 3, epoch: 2, learners: [] };
    const reports = joinReports(states(former, LEADER, FOLLOWER));
    expect(reports.get(2)?.lag).toBe(4);
    expect(reports.get(3)).toMatchObject({ role: "leader", lag: null });
  });
});

describe("NetworkMemberAccess.readReports()", () => {
  /** The report of what is at the address of member 2, or undefined if there is none. */
  async function reportOf(answer: RequestListener, signal = new AbortController().signal) {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port: admin } = server.address() as AddressInfo;
    const lineOf = () => "";
    const access = new NetworkMemberAccess({ lineOf, portsOf: () => ({ admin, client: 0 }) });
    const members = [{ sid: 2, podIp: "127.0.0.1" }];
    const target = { ensemble: ownerWith().ensemble, members, adminPassword: "", imported: null };
    return (await access.readReports(target, signal)).get(2);
  }

  it("has the report of a member", async () => {
    const report = await reportOf((request, response) => {
      expect(request.url).toBe("/commands/member_state");
      response.end(JSON.stringify(FOLLOWER));
    });
    expect(report).toMatchObject({ role: "follower", zxid: 0x300000005n });
  });

  it.each<[string, RequestListener]>([
    ["says that it is another one", (_, response) => response.end(JSON.stringify(LEADER))],
    ["speaks no JSON", (_, response) => response.end("<html>")],
    ["says too much", (_, response) => response.end(`{"a":"${"x".repeat(300_000)}"}`)],
    ["points elsewhere", (_, response) => response.writeHead(302, { location: "/" }).end()],
    ["hangs up", (request) => request.socket.destroy()],
  ])("has none of a member that %s", async (_, answer) => {
    expect(await reportOf(answer)).toBeUndefined();
  });

  it("does not wait for a member that is silent", async () => {
    expect(await reportOf(() => undefined, AbortSignal.timeout(50))).toBeUndefined();
  });

  it("leaves nothing behind at a signal that outlives it", async () => {
    const { signal } = new AbortController();
    await reportOf((_, response) => response.end(JSON.stringify(FOLLOWER)), signal);
    await reportOf((request) => request.socket.destroy(), signal);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

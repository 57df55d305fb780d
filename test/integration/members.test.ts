/**
 * What the operator asks of members and has them do, with real ones: reports, the committed
 * membership and its changes, hand-overs.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { NetworkMemberAccess } from "../../src/operator/index.ts";
import { MemberPods, operatorPassword } from "./support/member-pods.ts";
import type { Role } from "./support/member-pods.ts";
import { eventually } from "./support/test-ensemble.ts";

const timeout = 120_000;
const never = new AbortController().signal;
const refused = { code: "MEMBERS_REFUSED" };

/** Three members that have formed an ensemble, room for more, and the operator's way to them. */
async function formThree(count = 3) {
  const pods = await MemberPods.prepare(count);
  onTestFinished(() => pods.dispose());
  await pods.form(1, 2, 3);
  const access = new NetworkMemberAccess({
    portsOf: (_, sid) => pods.ports(sid),
    lineOf: (_, sid, role) => pods.line(sid, role),
  });
  const targetOf = (...sids: readonly number[]) => ({
    ensemble: pods.ensemble,
    members: sids.map((sid) => ({ sid, podIp: "127.0.0.1" })),
    adminPassword: operatorPassword,
    imported: null,
  });
  return { pods, access, targetOf };
}

describe("What members report", () => {
  test("is what they are, and how far", { timeout }, async () => {
    const { pods, access, targetOf } = await formThree();
    const leader = await pods.whenLed(1, 2, 3);
    const client = await pods.client(1, 2, 3);
    for (let count = 0; count < 10; count++) await client.create(`/node-${count}`);
    await eventually("all have all", async () => {
      const reports = [...(await access.readReports(targetOf(1, 2, 3), never)).values()];
      return reports.length === 3 && reports.every(({ lag }) => lag === 0);
    });
    const reports = await access.readReports(targetOf(1, 2, 3), never);
    expect([...reports.keys()]).toEqual([1, 2, 3]);
    const { zxid } = reports.get(leader)!;
    expect(zxid).toBeGreaterThan(0x100000009n);
    for (const [id, report] of reports) {
      expect(report).toEqual({
        role: id === leader ? "leader" : "follower",
        zxid,
        epoch: 1,
        lag: 0,
        configVersion: 0x100000000n,
        voters: [1, 2, 3],
        isSynced: true,
        ensembleUid: pods.ensembleUid,
        diskProblem: null,
        settings: { digest: expect.stringMatching(/^[0-9a-f]+$/u), awaitsRestart: false },
      });
    }
  });

  test("says what is wrong where no quorum is left", { timeout }, async () => {
    const { pods, access, targetOf } = await formThree();
    await pods.kill(1, 2, 3);
    pods.wipe(1, 2);
    await pods.start(2, 3);
    const target = targetOf(1, 2, 3);
    await eventually("those who are left say so", async () => {
      const reports = await access.readReports(target, never);
      const isKnown = reports.get(3)?.ensembleUid === pods.ensembleUid;
      return isKnown && reports.get(2)?.diskProblem === "incomplete";
    });
    const reports = await access.readReports(target, never);
    expect([...reports.keys()]).toEqual([2, 3]);
    expect(reports.get(2)).toMatchObject({ role: "none", lag: null, isSynced: false });
    expect(reports.get(3)).toMatchObject({ role: "none", diskProblem: null });
    expect(await access.readMembership(target, never)).toBeNull();
    const change = { sid: 1, fromVersion: 0x100000000n };
    const soon = AbortSignal.timeout(500);
    await expect(access.removeMember(target, change, soon)).rejects.toMatchObject(refused);
  });
});

describe("The committed membership", () => {
  test("changes only from what it was", { timeout }, async () => {
    const { pods, access, targetOf } = await formThree(4);
    const target = targetOf(1, 2, 3);
    const before = (await access.readMembership(target, never))!;
    expect(before).toEqual({ version: 0x100000000n, voters: [1, 2, 3], observers: [] });
    const roles: Record<number, Role> = { 1: "participant", 2: "participant", 3: "participant" };
    pods.write([4], { ...roles, 4: "observer" });
    await pods.start(4);
    await pods.whenServing(4);
    const place = { sid: 4, host: "127.0.0.1" } as const;
    const observer = { ...place, role: "observer", fromVersion: before.version } as const;
    await access.addMember(target, observer, never);
    const grown = (await access.readMembership(target, never))!;
    expect(grown).toMatchObject({ voters: [1, 2, 3], observers: [4] });
    expect(grown.version).toBeGreaterThan(before.version);
    // The same decision, carried out a second time.
    await expect(access.addMember(target, observer, never)).rejects.toMatchObject(refused);
    expect(await access.readMembership(target, never)).toEqual(grown);
    const voter = { ...place, role: "participant", fromVersion: grown.version } as const;
    await eventually("it is admitted as a voter", async () => {
      await access.addMember(target, voter, never).catch(() => undefined);
      return (await access.readMembership(target, never))?.voters.includes(4) === true;
    });
    const { version: fromVersion } = (await access.readMembership(target, never))!;
    await access.removeMember(target, { sid: 4, fromVersion }, never);
    const after = await access.readMembership(target, never);
    expect(after).toMatchObject({ voters: [1, 2, 3], observers: [] });
  });

  test("changes for nobody else", { timeout }, async () => {
    const { access, targetOf } = await formThree();
    const target = { ...targetOf(1, 2, 3), adminPassword: "guessed" };
    const change = { sid: 3, fromVersion: 0x100000000n };
    await expect(access.removeMember(target, change, never)).rejects.toMatchObject(refused);
    expect((await access.readMembership(target, never))?.voters).toEqual([1, 2, 3]);
  });
});

describe("The leadership", () => {
  test("goes where the operator wants it, or the reason is told", { timeout }, async () => {
    const { pods, access, targetOf } = await formThree();
    const target = targetOf(1, 2, 3);
    const from = await pods.whenLed(1, 2, 3);
    const [to = 0, down = 0] = [1, 2, 3].filter((id) => id !== from);
    await access.transferLeadership(target, { from, to }, never);
    expect(await pods.whenLed(1, 2, 3)).toBe(to);
    await pods.kill(down);
    const failed = (change: { from: number; to: number }) =>
      expect(access.transferLeadership(target, change, never)).rejects;
    await failed({ from, to }).toThrow("This server does not lead");
    await failed({ from: to, to: down }).toThrow(`Server ${down} is down`);
    await failed({ from: down, to }).toMatchObject(refused);
    await failed({ from: 9, to }).toThrow("Member 9 has no address");
  });
});

/**
 * What the operator asks of members and has them do, with real ones: reports, the committed
 * membership and its changes, hand-overs.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import type { ZkError } from "../../src/client/index.ts";
import {
  askMembers,
  changeMembership,
  readMembership,
  transferLeadership,
} from "../../src/operator/index.ts";
import { MemberPods, operatorPassword } from "./support/member-pods.ts";
import type { Role } from "./support/member-pods.ts";
import { eventually } from "./support/test-ensemble.ts";

const timeout = 120_000;
const timeoutMs = 10_000;

async function formThree(count = 3): Promise<MemberPods> {
  const pods = await MemberPods.prepare(count);
  onTestFinished(() => pods.dispose());
  await pods.form(1, 2, 3);
  return pods;
}

function ask(pods: MemberPods, ...ids: readonly number[]) {
  return askMembers(new Map(ids.map((id) => [id, pods.address(id)])), timeoutMs);
}

function accessTo(pods: MemberPods, ...ids: readonly number[]) {
  return { members: ids.map((id) => pods.address(id)), password: operatorPassword, timeoutMs };
}

async function codeOf(changed: Promise<unknown>): Promise<string> {
  return changed.then(
    () => "success",
    (error: unknown) => (error as ZkError).code,
  );
}

describe("What members report", () => {
  test("is what they are, and how far", { timeout }, async () => {
    const pods = await formThree();
    const leader = await pods.whenLed(1, 2, 3);
    const client = await pods.client(1, 2, 3);
    for (let count = 0; count < 10; count++) await client.create(`/node-${count}`);
    await eventually("all have all", async () => {
      const reports = [...(await ask(pods, 1, 2, 3)).values()];
      return reports.every((report) => report?.lag === 0);
    });
    const reports = await ask(pods, 1, 2, 3);
    expect([...reports.keys()]).toEqual([1, 2, 3]);
    const first = reports.get(leader)!;
    expect(first.zxid).toBeGreaterThan(0x100000009n);
    for (const [id, report] of reports) {
      expect(report).toEqual({
        role: id === leader ? "leader" : "follower",
        zxid: first.zxid,
        epoch: 1,
        lag: 0,
        configVersion: 0x100000000n,
        isSynced: true,
        ensembleUid: pods.ensembleUid,
        diskProblem: null,
      });
    }
    // Another member at an address is not taken for the one that was there.
    const swapped = await askMembers(new Map([[1, pods.address(2)]]), timeoutMs);
    expect(swapped.get(1)).toBeNull();
  });

  test("says what is wrong where no quorum is left", { timeout }, async () => {
    const pods = await formThree();
    await pods.kill(1, 2, 3);
    pods.wipe(1, 2);
    await pods.start(2, 3);
    await eventually("both look for others", async () => {
      const [lost, whole] = [...(await ask(pods, 2, 3)).values()];
      return lost?.diskProblem === "incomplete" && whole?.role === "none";
    });
    const reports = await ask(pods, 1, 2, 3);
    expect(reports.get(1)).toBeNull();
    expect(reports.get(2)).toMatchObject({ role: "none", lag: null, isSynced: false });
    expect(reports.get(3)).toMatchObject({ ensembleUid: pods.ensembleUid, diskProblem: null });
    expect(await readMembership({ ...accessTo(pods, 2, 3), timeoutMs: 1000 })).toBeNull();
  });
});

describe("The committed membership", () => {
  test("changes only from what it was", { timeout }, async () => {
    const pods = await formThree(4);
    const access = accessTo(pods, await pods.whenLed(1, 2, 3));
    const before = (await readMembership(access))!;
    expect(before).toEqual({ version: 0x100000000n, voters: [1, 2, 3], observers: [] });

    const roles: Record<number, Role> = { 1: "participant", 2: "participant", 3: "participant" };
    pods.write([4], { ...roles, 4: "observer" });
    await pods.start(4);
    await pods.whenServing(4);
    const add = (role: Role) => ({ add: [pods.line(4, role)] });
    const observed = await changeMembership(access, add("observer"), before.version);
    expect(observed).toMatchObject({ voters: [1, 2, 3], observers: [4] });
    expect(observed.version).toBeGreaterThan(before.version);
    // The same decision, carried out a second time.
    const again = changeMembership(access, add("observer"), before.version);
    expect(await codeOf(again)).toBe("badVersion");
    await eventually("it is admitted as a voter", async () => {
      const { version } = (await readMembership(access))!;
      return (await codeOf(changeMembership(access, add("participant"), version))) === "success";
    });
    const grown = (await readMembership(access))!;
    expect(grown).toMatchObject({ voters: [1, 2, 3, 4], observers: [] });
    await changeMembership(access, { remove: [4] }, grown.version);
    expect(await readMembership(access)).toMatchObject({ voters: [1, 2, 3] });
  });

  test("changes for nobody else", { timeout }, async () => {
    const pods = await formThree();
    const access = { ...accessTo(pods, 1, 2, 3), password: "guessed" };
    expect(await codeOf(changeMembership(access, { remove: [3] }, 0x100000000n))).toBe("noAuth");
  });
});

describe("The leadership", () => {
  test("goes where the operator wants it, or the reason is told", { timeout }, async () => {
    const pods = await formThree();
    const leader = await pods.whenLed(1, 2, 3);
    const [to = 0, down = 0] = [1, 2, 3].filter((id) => id !== leader);
    const access = accessTo(pods);
    expect(await transferLeadership(pods.address(leader), to, access)).toBe(to);
    expect(await pods.whenLed(1, 2, 3)).toBe(to);
    await pods.kill(down);
    const refused = (from: number, target: number, password = operatorPassword) =>
      transferLeadership(pods.address(from), target, { password });
    await expect(refused(leader, to)).rejects.toThrow("This server does not lead");
    await expect(refused(to, down)).rejects.toThrow(`Server ${down} is down`);
    await expect(refused(down, to)).rejects.toMatchObject({ code: "unreachable" });
  });
});

/**
 * What pods run, without Kubernetes: members form an ensemble once, come and go by
 * reconfiguration, lose their volumes and come back; what they have agreed on counts more than
 * what the operator has written.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { askAdmin, askAdminJson } from "../compat/support/admin-client.ts";
import { MemberPods } from "./support/member-pods.ts";
import type { Role } from "./support/member-pods.ts";
import { eventually } from "./support/test-ensemble.ts";

const timeout = 120_000;

async function prepare(count: number): Promise<MemberPods> {
  const pods = await MemberPods.prepare(count);
  onTestFinished(() => pods.dispose());
  return pods;
}

function roles(...ids: readonly number[]): Record<number, Role> {
  return Object.fromEntries(ids.map((id) => [id, "participant"] as const));
}

/** Who has a vote, as a member knows it. */
async function votersSeenBy(pods: MemberPods, id: number): Promise<string[]> {
  const { current_config } = await askAdminJson(pods.ports(id).admin, "/commands/voting_view");
  return Object.keys(current_config as object);
}

function volumeOf(pods: MemberPods, id: number): Record<string, unknown> {
  const file = path.join(pods.dataFolder(id), "version-2", "volume.json");
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}

describe("The members of an ensemble", () => {
  test("form it, take another one in, and survive a lost volume", { timeout }, async () => {
    const pods = await prepare(4);
    await pods.form(1, 2, 3);
    expect(volumeOf(pods, 1)).toMatchObject({ ensembleId: pods.ensembleUid });
    const client = await pods.client(1, 2, 3);
    await client.create("/kept", "x");

    // The operator starts one more, which finds the others and learns.
    pods.write([1, 2, 3, 4], { ...roles(1, 2, 3), 4: "observer" });
    await pods.start(4);
    await pods.whenServing(4);
    const { version } = await client.getConfig();
    await client.reconfigure({ add: [pods.line(4, "participant")] }, { fromVersion: version });
    await eventually("it votes", async () => (await votersSeenBy(pods, 4)).includes("4"));

    // What the operator wrote for it is out of date by now.
    await pods.kill(4);
    await pods.start(4);
    await pods.whenServing(4);
    expect(await votersSeenBy(pods, 4)).toEqual(["1", "2", "3", "4"]);

    await pods.kill(2);
    pods.wipe(2);
    await pods.start(2);
    await pods.whenServing(2);
    expect(volumeOf(pods, 2)).toMatchObject({ isIncomplete: false });
    const own = await pods.client(2);
    expect((await own.getData("/kept")).data?.toString()).toBe("x");
    expect((await own.getConfig()).text.match(/:participant;/gu)).toHaveLength(4);
  });

  test("form it with founders that start late, and once only", { timeout }, async () => {
    const pods = await prepare(3);
    pods.write([1, 2, 3], roles(1, 2, 3), [1, 2, 3]);
    await pods.start(3);
    await pods.start(1);
    await pods.whenServing(1, 3);
    await (await pods.client(1, 3)).create("/kept", "x");
    await pods.start(2);
    await pods.whenServing(2);

    // The phase of forming is over: a majority of empty volumes forms nothing.
    pods.write([1, 2, 3], roles(1, 2, 3));
    await pods.kill(1, 2, 3);
    pods.wipe(1, 2);
    await pods.start(1, 2);
    await eventually("they say why", async () => {
      const answer = await askAdmin(pods.ports(2).admin, "/readyz").catch(() => null);
      return answer?.body.includes("too-few-whole-disks") === true;
    });
    expect(await pods.mode(1)).toBeUndefined();
    expect(volumeOf(pods, 2)).toMatchObject({ isIncomplete: true });
  });

  test("become three of one, which keeps what it has", { timeout }, async () => {
    const pods = await prepare(3);
    await pods.form(1);
    const client = await pods.client(1);
    await client.create("/kept", "x");
    const members = roles(1);
    for (const id of [2, 3]) {
      pods.write([id], { ...members, [id]: "observer" });
      await pods.start(id);
      await pods.whenServing(id);
      // An observer could not agree to its own promotion, and there may be no other majority.
      const add = { add: [pods.line(id, "participant")] };
      await eventually("it is admitted", async () => {
        await client.reconfigure(add).catch(() => undefined);
        return (await votersSeenBy(pods, id)).includes(String(id));
      });
      members[id] = "participant";
    }
    await pods.process(1).stop();
    await pods.whenServing(2, 3);
    const others = await pods.client(2, 3);
    expect((await others.getData("/kept")).data?.toString()).toBe("x");
  });

  test("keep a volume of another ensemble out, and leave it as it is", { timeout }, async () => {
    const pods = await prepare(1);
    await pods.form(1);
    await pods.process(1).stop();
    const before = volumeOf(pods, 1);
    pods.ensembleUid = "5f1f3b9a-0000-4000-8000-000000000002";
    pods.write([1], roles(1), [1]);
    await pods.start(1);
    expect(await pods.process(1).exited).toBe("exit code 65");
    expect(volumeOf(pods, 1)).toEqual(before);
  });

  test("hand the leadership over when their pods are deleted", { timeout }, async () => {
    const pods = await prepare(3);
    await pods.form(1, 2, 3);
    const leader = await pods.whenLed(1, 2, 3);
    const others = [1, 2, 3].filter((id) => id !== leader);
    const clients = await Promise.all(others.map((id) => pods.client(id)));
    await pods.process(leader).stop();
    expect(others).toContain(await pods.whenLed(...others));
    expect(pods.log(leader)).toContain("The leadership was handed over");
    for (const client of clients) expect(client.state).toBe("connected");
  });

  test("take other settings up while they run, as far as they can", { timeout }, async () => {
    const pods = await prepare(1);
    await pods.form(1);
    const client = await pods.client(1);
    const { admin } = pods.ports(1);
    const stateOf = async (): Promise<Record<string, unknown>> =>
      (await askAdminJson(admin, "/commands/member_state"))["settings"] as Record<string, unknown>;
    const { digest: first } = await stateOf();
    const edit = (settings: Record<string, string | undefined>): void => {
      pods.settings = settings;
      pods.write([1], roles(1));
    };

    edit({ maxClientCnxns: "77" });
    await eventually("the limit is in force", async () => {
      const { max_client_cnxns } = await askAdminJson(admin, "/commands/configuration");
      return max_client_cnxns === 77;
    });
    const second = await stateOf();
    expect(second).toMatchObject({ awaiting_restart: [] });
    expect(second["digest"]).not.toBe(first);

    edit({ maxClientCnxns: "78", maxCnxns: "many" });
    await eventually("it refuses them", () =>
      Promise.resolve(pods.log(1).includes("maxCnxns: expected a whole number")),
    );
    expect(await stateOf()).toEqual(second);

    edit({ maxClientCnxns: "79", tickTime: "600" });
    await eventually(
      "it has read them",
      async () => (await stateOf())["digest"] !== second["digest"],
    );
    expect(await stateOf()).toMatchObject({ awaiting_restart: ["tickTime"] });
    expect(await askAdminJson(admin, "/commands/configuration")).toMatchObject({
      max_client_cnxns: 79,
      tick_time: 500,
    });
    expect(await client.exists("/")).not.toBeNull();

    const waiting = await stateOf();
    await pods.kill(1);
    await pods.start(1);
    await pods.whenServing(1);
    expect(await stateOf()).toEqual({ ...waiting, awaiting_restart: [] });
  });
});

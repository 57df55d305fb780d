/**
 * Editing the file while `ensemble up` runs it: the ensemble becomes what the file says, one safe
 * step at a time, and clients that write all the while lose neither a write nor their sessions.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { askAdminJson } from "../compat/support/admin-client.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ANY_PORTS, CommandRun } from "./support/command-run.ts";
import type { ShownMember } from "./support/command-run.ts";
import { dumpTree } from "./support/tree-dump.ts";
import { Workload } from "./support/workload.ts";
import { findViolations } from "./support/write-history.ts";

const timeout = 300_000;
/** For a machine with much else to do. */
const clientOptions = { sessionTimeoutMs: 20_000, firstConnectTimeoutMs: 40_000 };

/** A file that `ensemble up` runs, and what it prints. */
class Edited {
  readonly run: CommandRun;
  readonly folder = temporaryFolder();
  #text = "";

  constructor(spec: object) {
    this.write(spec);
    this.run = CommandRun.up(this.folder, ...ANY_PORTS, "--data-dir", "here");
  }

  write(spec: object | string): void {
    const ensemble = {
      apiVersion: "ensemble.dev/v1",
      kind: "Ensemble",
      metadata: { name: "demo" },
      spec,
    };
    this.#text = typeof spec === "string" ? spec : JSON.stringify(ensemble);
    writeFileSync(join(this.folder, "e.yaml"), this.#text);
  }

  /** Writes another specification and waits for the table of members that comes of it. */
  async edit(spec: object): Promise<ShownMember[]> {
    const from = this.run.output.length;
    this.write(spec);
    return this.run.members(from);
  }

  /** Writes something and waits for what is printed. */
  async say(spec: object | string, pattern: RegExp): Promise<string> {
    const from = this.run.output.length;
    this.write(spec);
    return (await this.run.match(pattern, from))[0];
  }
}

function addressesOf(members: readonly ShownMember[]): string {
  return members.map(({ port }) => `127.0.0.1:${port}`).join(",");
}

function idsOf(members: readonly ShownMember[]): number[] {
  return members.map(({ id }) => id);
}

async function votersOf(members: readonly ShownMember[]): Promise<string[]> {
  const client = await EnsembleClient.connect(addressesOf(members), clientOptions);
  const { text } = await client.getConfig();
  await client.close();
  return [...text.matchAll(/^server\.(\d+)=.*:participant;/gmu)].map(([, id]) => String(id));
}

describe("ensemble up, when the file is edited", () => {
  test("scales from three to five, three, one and three", { timeout }, async () => {
    const config = { tickTime: 1000 };
    const edited = new Edited({ replicas: 3, config });
    const first = await edited.run.members();
    const workload = await Workload.start(addressesOf(first), "/load", clientOptions);
    let members = first;
    for (const replicas of [5, 3, 1, 3]) {
      members = await edited.edit({ replicas, config });
      const ids = Array.from({ length: replicas }, (_, index) => index + 1);
      expect(idsOf(members)).toEqual(ids);
      expect(await votersOf(members)).toEqual(ids.map(String));
      await workload.progress(5);
    }
    const history = await workload.finish();
    expect(findViolations(history, await dumpTree(addressesOf(members)))).toEqual([]);
    // Nobody was started anew for it, and a member that came back has the ports that it had.
    const [before, after] = [first[0], members[0]];
    expect(after?.pid).toBe(before?.pid);
    expect(members.map(({ port }) => port)).toEqual(first.map(({ port }) => port));
    // What is removed is kept, unless the file says otherwise.
    expect(existsSync(join(edited.folder, "here/member-5/data"))).toBe(true);
    edited.run.child.kill("SIGINT");
    expect(await edited.run.exit).toBe(0);
  });

  test("rolls with the leader last, and refuses what it cannot use", { timeout }, async () => {
    const edited = new Edited({ replicas: 3, config: { tickTime: 1000 } });
    const { run } = edited;
    const members = await run.members();
    const workload = await Workload.start(addressesOf(members), "/load", clientOptions);

    const from = run.output.length;
    const refusal = /^e\.yaml:.+: the ensemble stays as it is$/mu;
    expect(await edited.say({ replcas: 4 }, refusal)).toContain("did you mean 'replicas'?");
    expect(await edited.say("a: [1", refusal)).toContain("invalid YAML");
    expect(await edited.say({ replicas: 3, config: { tickTme: 1 } }, refusal)).toContain(
      "did you mean 'tickTime'?",
    );

    edited.write({ replicas: 3, config: { tickTime: 1000, snapCount: 77777 } });
    const [lastSteps, leader] = await run.match(
      /^LeadershipMoved: .* in place of member (\d)$[^]*^OutOfDate: [^]*^Member \1 is follower$/mu,
      from,
    );
    expect(lastSteps.match(/^OutOfDate: .*$/gmu)).toEqual([
      `OutOfDate: member ${leader} is to be started anew`,
    ]);
    await workload.progress(5);
    const history = await workload.finish();
    expect(findViolations(history, await dumpTree(addressesOf(members)))).toEqual([]);
    const replaced = run.output.slice(from).matchAll(/^OutOfDate: member (\d)/gmu);
    expect([...replaced].map(([, id]) => Number(id)).sort()).toEqual([1, 2, 3]);
    for (const { id } of members) {
      const text = readFileSync(join(edited.folder, `here/member-${id}/data/zoo.cfg`), "utf8");
      expect(text).toContain("snapCount=77777");
    }
  });

  test("has members take up what needs no restart", { timeout }, async () => {
    const edited = new Edited({ replicas: 3, config: { tickTime: 1000 } });
    const { run } = edited;
    const members = await run.members();
    const workload = await Workload.start(addressesOf(members), "/load", clientOptions);
    const from = run.output.length;
    await edited.say(
      { replicas: 3, config: { tickTime: 1000, maxClientCnxns: 2, "4lw.commands.whitelist": "*" } },
      /^The members have taken the settings up; none was started anew for them$/mu,
    );
    const ask = async (member: ShownMember, command: string): Promise<Record<string, unknown>> =>
      askAdminJson(member.adminPort, `/commands/${command}`);
    for (const member of members) {
      expect(await ask(member, "configuration")).toMatchObject({ max_client_cnxns: 2 });
    }
    await workload.progress(5);
    const history = await workload.finish();
    // Three connections where two may be.
    const member = members[0]!;
    const rejected = async (): Promise<unknown> =>
      (await ask(member, "monitor"))["connection_rejected"];
    const before = await rejected();
    const sockets = [1, 2, 3].map(() => connect(member.port, "127.0.0.1"));
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await expect.poll(rejected, { timeout: 10_000 }).not.toBe(before);
    sockets.forEach((socket) => socket.destroy());
    expect(findViolations(history, await dumpTree(addressesOf(members)))).toEqual([]);
    expect(run.output.slice(from)).not.toMatch(/is stopping|started, pid|ended unexpectedly/u);
    edited.run.child.kill("SIGINT");
    expect(await edited.run.exit).toBe(0);
  });

  test("adds an observer, and deletes its data afterwards if told to", { timeout }, async () => {
    const config = { tickTime: 1000 };
    const storage = { retention: { whenScaled: "Delete" } };
    const edited = new Edited({ replicas: 1, config, storage });
    await edited.run.members();
    const members = await edited.edit({ replicas: 1, observers: 1, config, storage });
    expect(members.map(({ id, role }) => [id, role])).toEqual([
      [1, "leader"],
      [101, "observer"],
    ]);
    expect(await votersOf(members)).toEqual(["1"]);
    await edited.say(
      { replicas: 1, config, storage },
      /VolumeDeleted: member-101\/data was deleted/u,
    );
    expect(existsSync(join(edited.folder, "here/member-101/data"))).toBe(false);
    expect(existsSync(join(edited.folder, "here/member-1/data"))).toBe(true);
  });
});

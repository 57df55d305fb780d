/**
 * The local operator with stand-ins for servers (test/support/fake-server.ts): processes, files,
 * ports and signals are real, consensus is not. What `ensemble up` does with real servers is in
 * up.test.ts.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/main/system-clock.ts";
import { LocalEnsemble, defaultSpec } from "../../src/operator/index.ts";
import type { Ensemble, LocalEvent, MemberReport } from "../../src/operator/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const FAKE_SERVER = fileURLToPath(new URL("../support/fake-server.ts", import.meta.url));

function ensembleOf(replicas: number, name = "demo"): Ensemble {
  return {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name, namespace: "default" },
    spec: { ...defaultSpec(), replicas },
    status: null,
  };
}

class Run {
  readonly local: LocalEnsemble;
  readonly events: LocalEvent[];
  /** Resolves, with the error if there is one, when the run has ended. */
  readonly ended: Promise<unknown>;
  #listen: () => void = () => undefined;

  private constructor(local: LocalEnsemble, events: LocalEvent[]) {
    this.local = local;
    this.events = events;
    this.ended = local.run().then(
      () => null,
      (error: unknown) => error,
    );
    onTestFinished(async () => {
      local.stop();
      local.kill();
      await this.ended;
    });
  }

  static async open(folder: string, ensemble = ensembleOf(3)): Promise<Run> {
    const events: LocalEvent[] = [];
    let run: Run | null = null;
    const local = await LocalEnsemble.open({
      ensemble,
      folder,
      clientPortBase: existsSync(join(folder, "ensemble.json")) ? null : 0,
      peerPortBase: existsSync(join(folder, "ensemble.json")) ? null : 0,
      server: { command: [process.execPath, FAKE_SERVER], env: process.env },
      clock: systemClock,
      pid: process.pid,
      onEvent: (event) => {
        events.push(event);
        if (run !== null) run.#listen();
      },
    });
    run = new Run(local, events);
    return run;
  }

  /** Waits for the next event that is wanted, counted from event `from`. */
  async next<K extends LocalEvent["kind"]>(
    kind: K,
    from = 0,
  ): Promise<Extract<LocalEvent, { kind: K }>> {
    for (;;) {
      const found = this.events.slice(from).find((event) => event.kind === kind);
      if (found !== undefined) return found as Extract<LocalEvent, { kind: K }>;
      await new Promise<void>((resolve) => (this.#listen = resolve));
    }
  }

  kinds(): string[] {
    return this.events.map((event) => ("id" in event ? `${event.kind} ${event.id}` : event.kind));
  }
}

function leaderOf(members: readonly MemberReport[]): MemberReport {
  const leader = members.find(({ role }) => role === "leader");
  expect(leader).toBeDefined();
  return leader!;
}

describe("LocalEnsemble", () => {
  it("starts members, reports the quorum, and stops the leader last", async () => {
    const folder = join(temporaryFolder(), "a", "b");
    const run = await Run.open(folder);
    const { members } = await run.next("serving");
    expect(members.map(({ id, role }) => [id, role])).toEqual([
      [1, "follower"],
      [2, "follower"],
      [3, "leader"],
    ]);
    run.local.stop();
    expect(await run.ended).toBeNull();
    expect(run.kinds().slice(-6)).toEqual([
      "memberStopping 1",
      "memberStopping 2",
      expect.stringMatching(/^memberStopped [12]$/u),
      expect.stringMatching(/^memberStopped [12]$/u),
      "memberStopping 3",
      "memberStopped 3",
    ]);
    expect(readdirSync(folder).sort()).toEqual([
      "ensemble.json",
      "member-1",
      "member-2",
      "member-3",
    ]);
  });

  it("starts a killed member again, and the quorum has a leader again", async () => {
    const run = await Run.open(join(temporaryFolder(), "e"));
    const leader = leaderOf((await run.next("serving")).members);
    process.kill(leader.pid!, "SIGKILL");
    const failed = await run.next("memberFailed");
    expect(failed).toMatchObject({ id: leader.id, signal: "SIGKILL" });
    const restart = await run.next("memberStarted", run.events.indexOf(failed));
    expect(restart.id).toBe(leader.id);
  });

  it("uses the same ports and files again, and lets no empty member vote a second time", async () => {
    const folder = join(temporaryFolder(), "e");
    const first = await Run.open(folder);
    await first.next("serving");
    const before = first.local.report().map(({ clientAddress }) => clientAddress);
    first.local.stop();
    await first.ended;
    const config = readFileSync(join(folder, "member-2", "zoo.cfg"), "utf8");
    rmSync(join(folder, "member-1"), { recursive: true });

    const second = await Run.open(folder);
    await second.next("serving");
    expect(second.local.report().map(({ clientAddress }) => clientAddress)).toEqual(before);
    expect(readFileSync(join(folder, "member-2", "zoo.cfg"), "utf8")).toBe(config);
    const data = (id: number): string[] => readdirSync(join(folder, `member-${id}`, "data"));
    expect(data(1)).toContain("myid");
    expect(data(1)).not.toContain("saw-initialize");
    expect(data(2)).toContain("saw-initialize");
    second.local.stop();
    await second.ended;
  });

  it("marks every member of a new ensemble as allowed to vote with an empty disk", async () => {
    const folder = join(temporaryFolder(), "e");
    const behaviour = join(folder, "member-1", "data", "behaviour");
    mkdirSync(dirname(behaviour), { recursive: true });
    writeFileSync(behaviour, "fail");
    const run = await Run.open(folder);
    await run.next("memberFailed");
    expect(existsSync(join(folder, "member-1", "data", "initialize"))).toBe(true);
  });

  it("gives up with a member's last words when it never starts, and stops the others", async () => {
    const folder = join(temporaryFolder(), "e");
    for (const id of [1, 2]) {
      const behaviour = join(folder, `member-${id}`, "data", "behaviour");
      mkdirSync(dirname(behaviour), { recursive: true });
      writeFileSync(behaviour, "fail");
    }
    const run = await Run.open(folder);
    expect(String(await run.ended)).toMatch(
      /Member [12] ended 3 times: fake: told to fail \(more/u,
    );
    expect(run.local.report().map(({ pid }) => pid)).toEqual([null, null, null]);
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  it("ends at once when it is told to kill", async () => {
    const folder = join(temporaryFolder(), "e");
    const behaviour = join(folder, "member-1", "data", "behaviour");
    mkdirSync(dirname(behaviour), { recursive: true });
    writeFileSync(behaviour, "stubborn");
    const run = await Run.open(folder);
    await run.next("serving");
    run.local.stop();
    await run.next("memberStopping");
    run.local.kill();
    expect(await run.ended).toBeNull();
  });

  it("refuses a folder in use, another ensemble's folder, and another number of members", async () => {
    const folder = join(temporaryFolder(), "e");
    const run = await Run.open(folder);
    await expect(Run.open(folder)).rejects.toThrow("another 'ensemble up'");
    await run.next("serving");
    run.local.stop();
    await run.ended;
    await expect(Run.open(folder, ensembleOf(3, "other"))).rejects.toThrow(
      "it has the data of ensemble 'default/demo', not of 'default/other'",
    );
    await expect(Run.open(folder, ensembleOf(5))).rejects.toThrow(
      "Cannot change spec.replicas from 3 to 5",
    );
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  it("leaves nothing behind when a port is taken", async () => {
    const base = temporaryFolder();
    const run = await Run.open(join(base, "e"));
    const [member] = run.local.report();
    const port = Number(member!.clientAddress.split(":")[1]);
    await run.next("serving");
    await expect(
      LocalEnsemble.open({
        ensemble: ensembleOf(1),
        folder: join(base, "x", "y"),
        clientPortBase: port,
        peerPortBase: 0,
        server: { command: [process.execPath], env: {} },
        clock: systemClock,
        pid: process.pid,
        onEvent: () => undefined,
      }),
    ).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    expect(readdirSync(base)).toEqual(["e"]);
  });
});

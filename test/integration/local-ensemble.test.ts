/**
 * The local operator with real members, as a library: its folder, its processes, and how it begins
 * and ends. What users see of it is in up.test.ts and up-edits.test.ts.
 */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { systemClock } from "../../src/main/system-clock.ts";
import { LocalEnsemble, defaultSpec } from "../../src/operator/index.ts";
import type { Ensemble, LocalEvent } from "../../src/operator/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ENTRY = fileURLToPath(new URL("../../src/main/ensemble.ts", import.meta.url));
const timeout = 120_000;

function ensembleOf(replicas: number, name = "demo"): Ensemble {
  return {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name, namespace: "default" },
    spec: { ...defaultSpec(), replicas, config: { tickTime: "1000" } },
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

  static async open(
    folder: string,
    ensemble = ensembleOf(3),
    clientPortBase: number | null = 0,
  ): Promise<Run> {
    const events: LocalEvent[] = [];
    let run: Run | null = null;
    const local = await LocalEnsemble.open({
      ensemble,
      folder,
      clientPortBase,
      peerPortBase: 0,
      server: { command: [process.execPath, ENTRY, "member"], env: process.env },
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

  /** Waits for the first event of a kind. */
  async next<K extends LocalEvent["kind"]>(kind: K): Promise<Extract<LocalEvent, { kind: K }>> {
    for (;;) {
      const found = this.events.find((event) => event.kind === kind);
      if (found !== undefined) return found as Extract<LocalEvent, { kind: K }>;
      await new Promise<void>((resolve) => (this.#listen = resolve));
    }
  }

  async stop(): Promise<void> {
    this.local.stop();
    expect(await this.ended).toBeNull();
  }

  kinds(): string[] {
    return this.events.map((event) => ("id" in event ? `${event.kind} ${event.id}` : event.kind));
  }
}

/** What the starts of a member have said of whether it may form the ensemble. */
function foundings(folder: string, id: number): boolean[] {
  const lines = readFileSync(join(folder, `member-${id}`, "server.log"), "utf8").split("\n");
  return lines.flatMap((line) => /"isFounding":(true|false)/u.exec(line)?.[1] ?? []).map(isTrue);
}

function isTrue(text: string): boolean {
  return text === "true";
}

describe("LocalEnsemble", () => {
  it("forms an ensemble, and stops the leader last", { timeout }, async () => {
    const folder = join(temporaryFolder(), "a", "b");
    const run = await Run.open(folder);
    const { members } = await run.next("serving");
    expect(members.map(({ id }) => id)).toEqual([1, 2, 3]);
    const leader = members.find(({ role }) => role === "leader")!.id;
    expect([1, 2, 3].map((id) => foundings(folder, id))).toEqual([[true], [true], [true]]);
    await run.stop();
    expect(run.kinds().slice(-2)).toEqual([`memberStopping ${leader}`, `memberStopped ${leader}`]);
    const names = ["ensemble.json", "member-1", "member-2", "member-3"];
    expect(readdirSync(folder).sort()).toEqual(names);
  });

  it("goes on with its ports, and lets no lost disk vote", { timeout }, async () => {
    const folder = join(temporaryFolder(), "e");
    const first = await Run.open(folder);
    await first.next("serving");
    const before = first.local.report().map(({ clientAddress }) => clientAddress);
    const client = await EnsembleClient.connect(before.join(","));
    await client.create("/kept", "x");
    await client.close();
    await first.stop();
    rmSync(join(folder, "member-1"), { recursive: true });
    const again = await Run.open(folder);
    await again.next("serving");
    expect(again.local.report().map(({ clientAddress }) => clientAddress)).toEqual(before);
    const late = await EnsembleClient.connect(before[0]!, { firstConnectTimeoutMs: 60_000 });
    expect((await late.getData("/kept")).data?.toString()).toBe("x");
    await late.close();
    expect(foundings(folder, 1)).toEqual([false]);
    await again.stop();
  });

  it("goes on with a folder of the first version, and grows it", { timeout }, async () => {
    const folder = join(temporaryFolder(), "e");
    const first = await Run.open(folder, ensembleOf(1));
    const [member] = (await first.next("serving")).members;
    const client = await EnsembleClient.connect(member!.clientAddress);
    await client.create("/kept", "x");
    await client.close();
    await first.stop();
    const file = join(folder, "ensemble.json");
    const state = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const { namespace, name, ensembleUid: ensembleId, members } = state;
    const version1 = { version: 1, namespace, name, ensembleId, bootstrappedReplicas: 1, members };
    writeFileSync(file, JSON.stringify(version1));
    rmSync(join(folder, "member-1", "members"));
    const grown = await Run.open(folder, ensembleOf(2));
    const { members: two } = await grown.next("membersChanged");
    const late = await EnsembleClient.connect(two[1]!.clientAddress);
    expect((await late.getData("/kept")).data?.toString()).toBe("x");
    await late.close();
    await grown.stop();
  });

  it("gives up with a member's last words when it never starts", { timeout }, async () => {
    const folder = join(temporaryFolder(), "e");
    mkdirSync(join(folder, "member-1", "data"), { recursive: true });
    writeFileSync(join(folder, "member-1", "data", "version-2"), "in the way");
    const run = await Run.open(folder, ensembleOf(1));
    expect(String(await run.ended)).toMatch(
      /Member 1 ended 3 times: ensemble: .*version-2.* \(more in/u,
    );
    expect(run.local.report().map(({ pid }) => pid)).toEqual([null]);
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  it("ends at once when it is told to kill", { timeout }, async () => {
    const run = await Run.open(join(temporaryFolder(), "e"), ensembleOf(1));
    const [member] = (await run.next("serving")).members;
    // It does not hear that it is to stop.
    process.kill(member!.pid!, "SIGSTOP");
    run.local.stop();
    await run.next("memberStopping");
    run.local.kill();
    expect(await run.ended).toBeNull();
  });

  it("refuses a folder in use, another ensemble, and other ports", { timeout }, async () => {
    const folder = join(temporaryFolder(), "e");
    const run = await Run.open(folder, ensembleOf(1));
    await expect(Run.open(folder)).rejects.toThrow("another 'ensemble up'");
    await run.next("serving");
    expect(() => run.local.want(ensembleOf(1, "other"))).toThrow("an ensemble keeps its name");
    await run.stop();
    await expect(Run.open(folder, ensembleOf(1, "other"))).rejects.toThrow(
      "it has the data of ensemble 'default/demo', not of 'default/other'",
    );
    await expect(Run.open(folder, ensembleOf(1), 7)).rejects.toThrow(
      /--client-port-base: expected \d+, as the members keep their ports, found 7/u,
    );
    expect(existsSync(join(folder, "lock"))).toBe(false);
    expect(statSync(join(folder, "ensemble.json")).isFile()).toBe(true);
  });

  it("leaves nothing behind when a port is taken", async () => {
    const base = temporaryFolder();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(Run.open(join(base, "x", "y"), ensembleOf(1), port)).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use`,
    );
    expect(readdirSync(base)).toEqual([]);
  });
});

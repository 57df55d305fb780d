/**
 * An ensemble of real server processes on loopback that a test may hurt: kill, stop for a while,
 * start again. Its folders and ports stay the same over restarts. Whoever starts one must dispose
 * of it; processes that are still there when the test process ends are killed by their pids.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { askServerMode } from "../../compat/support/four-letter-word.ts";
import { connectStringOf, layOutEnsemble } from "../../compat/support/member-layout.ts";
import type { MemberLayout, ZooCfg } from "../../compat/support/member-layout.ts";
import { startServerProcess, waitUntilServing } from "../../compat/support/server-process.ts";
import type { ServerProcess } from "../../compat/support/server-process.ts";
import { freezeProcess } from "../../support/freeze-process.ts";

const ENTRY_POINT = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));

const SERVING_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/** Short ticks: failures are noticed, and sessions expire, within seconds. */
const defaultConfig: ZooCfg = {
  tickTime: 500,
  initLimit: 10,
  syncLimit: 4,
  "4lw.commands.whitelist": "*",
};

/** One line of a server's log. */
export type LogRecord = Readonly<Record<string, unknown>> & { readonly message: string };

export class TestEnsemble {
  readonly #baseFolder: string;
  readonly #members: readonly MemberLayout[];
  readonly #processes = new Map<number, ServerProcess>();

  readonly #nodeFlags: readonly string[];

  private constructor(
    baseFolder: string,
    members: readonly MemberLayout[],
    nodeFlags: readonly string[],
  ) {
    this.#baseFolder = baseFolder;
    this.#members = members;
    this.#nodeFlags = nodeFlags;
  }

  /**
   * Starts `count` servers with ids from 1 and waits until all of them serve. With
   * `ensemble.bootstrap=explicit` they are told to begin an ensemble. `envOf` is what each has in
   * its environment besides this process's.
   */
  static async start(
    count: number,
    config: ZooCfg = {},
    nodeFlags: readonly string[] = [],
    envOf: (id: number) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<TestEnsemble> {
    const baseFolder = await mkdtemp(path.join(tmpdir(), "ensemble-integration-"));
    const options = { baseFolder, config: { ...defaultConfig, ...config } };
    const members = await layOutEnsemble(count, options);
    const ensemble = new TestEnsemble(baseFolder, members, nodeFlags);
    try {
      if (config["ensemble.bootstrap"] === "explicit") {
        for (const { dataFolder } of members)
          await writeFile(path.join(dataFolder, "initialize"), "");
      }
      for (const id of ensemble.ids) await ensemble.startServer(id, envOf(id));
      await ensemble.whenServing();
    } catch (error) {
      await ensemble.dispose();
      throw error;
    }
    return ensemble;
  }

  get ids(): number[] {
    return this.#members.map((member) => member.id);
  }

  /** Connection string of all servers, or of some. */
  connectString(ids: readonly number[] = this.ids): string {
    return connectStringOf(ids.map((id) => this.member(id)));
  }

  member(id: number): MemberLayout {
    const member = this.#members[id - 1];
    if (member === undefined) throw new RangeError(`No server ${id}`);
    return member;
  }

  clientPort(id: number): number {
    return this.member(id).ports.client;
  }

  /** The process of a server that was started, dead or alive. */
  process(id: number): ServerProcess {
    const server = this.#processes.get(id);
    if (server === undefined) throw new RangeError(`Server ${id} was never started`);
    return server;
  }

  /** Starts a server, with `env` besides this process's environment, and returns at once. */
  async startServer(id: number, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { folder, zooCfgPath, ports } = this.member(id);
    const server = await startServerProcess({
      name: `server-${id}`,
      file: process.execPath,
      args: [...this.#nodeFlags, ENTRY_POINT, "server", zooCfgPath],
      folder,
      clientPort: ports.client,
      env,
    });
    this.#processes.set(id, server);
  }

  /** SIGKILL to these servers, all at once; resolves when they are gone. */
  async kill(...ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.process(id).kill()));
  }

  /** Has servers that do not run lose what is on their disks, but for their ids. */
  async wipe(...ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      await rm(path.join(this.member(id).dataFolder, "version-2"), { recursive: true });
    }
  }

  /** Freezes servers: their sockets stay open and nobody answers. */
  async pause(...ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => freezeProcess(this.process(id).pid)));
  }

  resume(id: number): void {
    process.kill(this.process(id).pid, "SIGCONT");
  }

  /** Waits until these servers serve clients. */
  async whenServing(ids: readonly number[] = this.ids): Promise<void> {
    await waitUntilServing(
      ids.map((id) => this.process(id)),
      SERVING_TIMEOUT_MS,
    );
  }

  /** Waits until one of these servers leads; returns its id. */
  async whenLed(
    ids: readonly number[] = this.ids,
    timeoutMs = SERVING_TIMEOUT_MS,
  ): Promise<number> {
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs) {
      for (const id of ids) {
        if (this.process(id).hasExited()) continue;
        if ((await askServerMode("127.0.0.1", this.clientPort(id))) === "leader") return id;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`None of servers ${ids.join(", ")} leads after ${timeoutMs} ms`);
  }

  /** The servers that do not lead, in ascending order. */
  async followers(): Promise<number[]> {
    const leader = await this.whenLed();
    return this.ids.filter((id) => id !== leader);
  }

  /** What a server has logged so far, over all its lives. */
  log(id: number): LogRecord[] {
    const { folder } = this.member(id);
    const file = path.join(folder, `server-${id}.log`);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.filter((line) => line.startsWith("{")).flatMap(parseRecord);
  }

  /** Ends what runs and removes the folders. ENSEMBLE_KEEP_FOLDERS in the environment keeps them. */
  async dispose(): Promise<void> {
    const running = [...this.#processes.values()].filter((server) => !server.hasExited());
    await Promise.all(running.map((server) => server.kill()));
    if (process.env["ENSEMBLE_KEEP_FOLDERS"] === undefined) {
      await rm(this.#baseFolder, { recursive: true, force: true });
    } else {
      console.log(`Folders of the ensemble: ${this.#baseFolder}`);
    }
  }
}

/** A line that a killed server was writing may be cut short: it says nothing. */
function parseRecord(line: string): LogRecord[] {
  try {
    return [JSON.parse(line) as LogRecord];
  } catch {
    return [];
  }
}

/** Polls until `isTrue` says so; fails, naming `what`, after `timeoutMs`. */
export async function eventually(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > deadlineMs) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await sleep(POLL_MS);
  }
}

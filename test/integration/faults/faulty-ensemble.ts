/**
 * Real servers on a network and on disks that can be broken, each with its own address and, where
 * file systems may be mounted, its own small disk. It starts them, hurts them and heals them; what
 * to do when is said by `fault-table.ts`.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ServerRole } from "../../../src/wire/index.ts";
import { askServerMode } from "../../compat/support/four-letter-word.ts";
import type { ServerMode } from "../../compat/support/four-letter-word.ts";
import { formatZooCfg } from "../../compat/support/member-layout.ts";
import { startServerProcess } from "../../compat/support/server-process.ts";
import type { ServerProcess } from "../../compat/support/server-process.ts";
import { canHaveDiskFaults, diskFaultsIn } from "../../support/disk-faults-library.ts";
import type { DiskFaults } from "../../support/disk-faults-library.ts";
import { fillDisk } from "../../support/fill-disk.ts";
import { freezeProcess } from "../../support/freeze-process.ts";
import { Administrator, administratorConfig } from "./administrator.ts";
import type { Impairment, Network } from "./network.ts";

const ENTRY_POINT = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));
const DISK_BYTES = 64 * 1024 * 1024;
const POLL_MS = 50;

export const clientPort = 2181;
const [quorumPort, electionPort] = [2888, 3888];

interface Member {
  readonly id: number;
  readonly folder: string;
  readonly disk: string;
  readonly faults: DiskFaults | undefined;
  process?: ServerProcess;
  /** It was killed, or its disk was broken: its end is no surprise. */
  mayEnd: boolean;
}

export class FaultyEnsemble {
  readonly network: Network;
  readonly administrator: Administrator;
  /** Each server has a disk that can be filled. */
  readonly hasDisks: boolean;
  readonly #members: ReadonlyMap<number, Member>;
  readonly #impairments = new Set<readonly Impairment[]>();
  /** Servers that ended by themselves, as sentences. */
  readonly surprises: string[] = [];

  private constructor(network: Network, members: readonly Member[], hasDisks: boolean) {
    this.network = network;
    this.#members = new Map(members.map((member) => [member.id, member]));
    this.administrator = new Administrator({
      ids: this.ids,
      connectString: this.addresses.join(","),
      hostOf: (id) => network.hostOf(id),
      lineOf: (id, role) => `server.${id}=${specOf(network, id, role)}`,
    });
    this.hasDisks = hasDisks;
  }

  /** Lays out and starts servers with these ids; their data goes below `baseFolder`. */
  static async start(
    network: Network,
    ids: readonly number[],
    options: { baseFolder: string; hasDisks: boolean },
  ): Promise<FaultyEnsemble> {
    const canFail = canHaveDiskFaults();
    const members = ids.map((id): Member => {
      const folder = path.join(options.baseFolder, `server-${id}`);
      const disk = path.join(folder, "disk");
      mkdirSync(disk, { recursive: true });
      const faults = canFail ? diskFaultsIn(folder) : undefined;
      return { id, folder, disk, faults, mayEnd: false };
    });
    const ensemble = new FaultyEnsemble(network, members, options.hasDisks);
    for (const member of members) {
      if (options.hasDisks) mountDisk(member.disk);
      writeFileSync(path.join(member.disk, "myid"), `${member.id}\n`);
      writeFileSync(configFileOf(member), configOf(member, ids, network));
    }
    for (const id of ids) await ensemble.startServer(id);
    return ensemble;
  }

  get ids(): number[] {
    return [...this.#members.keys()];
  }

  /** Where clients find the servers. */
  get addresses(): string[] {
    return this.ids.map((id) => `${this.network.hostOf(id)}:${clientPort}`);
  }

  /** Members can be changed where one list of them is right for all servers. */
  get canChangeMembers(): boolean {
    return this.network.isUniform;
  }

  async startServer(id: number): Promise<void> {
    const member = this.#member(id);
    const program = [process.execPath, ENTRY_POINT, "server", configFileOf(member)];
    const [file = "", ...args] = this.network.commandOf(id, program);
    const command = { name: `server-${id}`, file, args, folder: member.folder, clientPort };
    const env = member.faults?.env ?? {};
    member.process = await startServerProcess({ ...command, env });
    member.mayEnd = false;
  }

  async kill(id: number): Promise<void> {
    const member = this.#member(id);
    member.mayEnd = true;
    await member.process?.kill();
  }

  /** Asks a server to stop, and waits until it has; a leader hands over first. */
  async stopServer(id: number): Promise<void> {
    const member = this.#member(id);
    member.mayEnd = true;
    await member.process?.stop();
  }

  /** Does `work`, and starts what has ended before or ends meanwhile: a broken disk takes time. */
  async keepStarted(work: () => Promise<void>): Promise<void> {
    let isOver = false;
    const done = work().finally(() => (isOver = true));
    const start = async (): Promise<void> => {
      while (!isOver) {
        await this.#startEnded();
        await sleep(POLL_MS);
      }
    };
    await Promise.all([done, start()]);
  }

  /** Freezes a server, unless another fault has ended it. */
  async freeze(id: number): Promise<void> {
    if (this.#isGone(id)) return;
    try {
      await freezeProcess(this.#pidOf(id));
    } catch (error) {
      if (!this.#isGone(id)) throw error;
    }
  }

  thaw(id: number): void {
    if (!this.#isGone(id)) process.kill(this.#pidOf(id), "SIGCONT");
  }

  fill(id: number): void {
    fillDisk(path.join(this.#member(id).disk, "ballast"));
  }

  empty(id: number): void {
    rmSync(path.join(this.#member(id).disk, "ballast"), { force: true });
  }

  /** Whether syncs can be made to fail. */
  get canBreakSyncs(): boolean {
    return [...this.#members.values()].every(({ faults }) => faults !== undefined);
  }

  /** Syncs of a server's log fail or hang, which may end it, until `mendSyncs`. */
  breakSyncs(id: number, how: "fail" | "hang"): void {
    const member = this.#member(id);
    member.mayEnd = true;
    member.faults?.begin(how, "log.");
  }

  mendSyncs(id: number): void {
    this.#member(id).faults?.end();
  }

  /** Breaks links, until the function that it resolves with is called. */
  async impair(impairments: readonly Impairment[]): Promise<() => Promise<void>> {
    this.#impairments.add(impairments);
    await this.#applyImpairments();
    return async () => {
      this.#impairments.delete(impairments);
      await this.#applyImpairments();
    };
  }

  /** What a server says it is; undefined when it does not serve, or cannot be reached. */
  async modeOf(id: number): Promise<ServerMode | undefined> {
    return this.#isGone(id) ? undefined : askServerMode(this.network.hostOf(id), clientPort);
  }

  /** The server that leads; undefined when none says so. */
  async leader(): Promise<number | undefined> {
    const modes = await Promise.all(this.ids.map((id) => this.modeOf(id)));
    return this.ids[modes.indexOf("leader")];
  }

  /** Waits until all serve as voters. @throws Error naming who does not after `timeoutMs`. */
  async whenServing(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const modes = await Promise.all(this.ids.map((id) => this.modeOf(id)));
      const missing = this.ids.filter((_, index) => !isVoting(modes[index]));
      if (missing.length === 0) return;
      if (performance.now() > deadlineMs) {
        throw new Error(
          `Server ${missing.join(", ")} does not serve as a voter after ${timeoutMs} ms`,
        );
      }
      await sleep(POLL_MS);
    }
  }

  /** Sets a line in a server's log, to find one's way in it. */
  note(text: string): void {
    for (const { id, folder } of this.#members.values()) {
      appendFileSync(path.join(folder, `server-${id}.log`), `--- ${text}\n`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.kill(id)));
    if (this.hasDisks) {
      for (const { disk } of this.#members.values()) spawnSync("umount", ["--lazy", disk]);
    }
    this.network.close();
  }

  /** Notes what should not have ended. */
  async #startEnded(): Promise<void> {
    for (const { id, process: server, mayEnd } of this.#members.values()) {
      if (server?.hasExited() !== true) continue;
      if (!mayEnd) this.surprises.push(`Server ${id} ended by itself: ${await server.exited}`);
      await this.startServer(id);
    }
  }

  #applyImpairments(): Promise<void> {
    return this.network.impair([...this.#impairments].flat());
  }

  #isGone(id: number): boolean {
    return this.#member(id).process?.hasExited() ?? true;
  }

  #pidOf(id: number): number {
    const { process: server } = this.#member(id);
    if (server === undefined) throw new RangeError(`Server ${id} was never started`);
    return server.pid;
  }

  #member(id: number): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new RangeError(`No server ${id}`);
    return member;
  }
}

function mountDisk(folder: string): void {
  const args = ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", folder];
  const { status, stderr } = spawnSync("mount", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot mount ${folder}: ${stderr}`);
}

/** On the disk that can be full: servers write lists of members beside it. */
function configFileOf({ disk }: Member): string {
  return path.join(disk, "zoo.cfg");
}

/** What stands for a server in a list of members whose owner knows it under `host`. */
function specOf(network: Network, id: number, role: ServerRole, host = network.hostOf(id)): string {
  return `${host}:${quorumPort}:${electionPort}:${role};${network.hostOf(id)}:${clientPort}`;
}

function isVoting(mode: ServerMode | undefined): boolean {
  return mode === "leader" || mode === "follower";
}

/** Short ticks, so that failures are noticed within seconds; snapshots and new logs all the time. */
function configOf({ id, disk }: Member, ids: readonly number[], network: Network): string {
  const servers = ids.map((other): [string, string] => {
    const host = other === id ? network.hostOf(id) : network.peerHost(id, other);
    return [`server.${other}`, specOf(network, other, "participant", host)];
  });
  return formatZooCfg({
    tickTime: 500,
    initLimit: 10,
    syncLimit: 4,
    dataDir: disk,
    "4lw.commands.whitelist": "*",
    reconfigEnabled: network.isUniform,
    ...administratorConfig,
    "admin.serverAddress": network.hostOf(id),
    preAllocSize: 64,
    snapCount: 500,
    "autopurge.snapRetainCount": 3,
    "autopurge.purgeInterval": 1,
    ...Object.fromEntries(servers),
  });
}

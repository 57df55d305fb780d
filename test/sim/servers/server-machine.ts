/**
 * One simulated machine with a server on it: its disk, its clock, and the life of the process, from
 * `zoo.cfg` on. The server is the shipped one (`startServer`), on a simulated Node. A supervisor
 * starts it again after it has ended.
 */
import { randomInt } from "../../../src/base/index.ts";
import { loadServerConfig, startServer } from "../../../src/server/index.ts";
import type { Leadership } from "../../../src/server/leadership.ts";
import type { Replica } from "../../../src/server/replica.ts";
import { isDamage } from "../../../src/storage/index.ts";
import { Disk } from "../machine/disk.ts";
import { FileOperations, attachDisk } from "../machine/file-operations.ts";
import { attachNetwork } from "../machine/net.ts";
import { Process } from "../machine/process.ts";
import type { SimFile } from "../machine/sim-file.ts";
import { Violation } from "../violation.ts";
import { configFiles, dataFolder, firstRoles, hostOf } from "./config-files.ts";
import type { Server, World } from "./world.ts";

const configFile = "/conf/zoo.cfg";

/** Pause before a server that has ended is started again, at most, in ms. */
const restartMaxMs = 500;

export class ServerMachine implements Server {
  readonly sid: bigint;
  readonly host: string;
  readonly disk = new Disk();
  readonly #world: World;
  readonly #rate: number;
  readonly #monotonicStartMs: number;
  #wallOffsetMs: number;
  #process: Process | undefined;
  #files: FileOperations | undefined;
  #stop: (() => void) | undefined;
  #replica: Replica | undefined;
  #leadership: Leadership | undefined;
  #lives = 0;
  /** Its disk was made to fail: giving up is what it should do. */
  #mayGiveUp = false;
  /** A bit of its history was changed. */
  #isRotten = false;
  #isDown = false;

  constructor(sid: bigint, world: World) {
    const { random, options } = world;
    this.sid = sid;
    this.host = hostOf(sid);
    this.#world = world;
    this.#rate = 1 + (random.next() * 2 - 1) * options.clockDrift;
    this.#monotonicStartMs = randomInt(random, 0, 1_000_000);
    this.#wallOffsetMs = 1_700_000_000_000 + randomInt(random, -5_000, 5_000);
    for (const [path, text] of configFiles(sid, options)) this.disk.install(path, text);
    if (firstRoles(options).has(sid)) {
      // What makes an ensemble from nothing; a server removes it at its first start.
      this.disk.install(`${dataFolder}initialize`, "");
    }
  }

  get process(): Process | undefined {
    return this.#process;
  }

  get replica(): Replica | undefined {
    return this.#replica;
  }

  get isServing(): boolean {
    return this.#replica?.isServing === true;
  }

  get isLeading(): boolean {
    return this.#replica?.peer.role === "leading";
  }

  start(): void {
    if (this.#process !== undefined) return;
    const world = this.#world;
    this.#isDown = false;
    this.#lives += 1;
    const process = new Process(
      world,
      { machine: this.host, life: this.#lives },
      {
        rate: this.#rate,
        monotonicMs: () => Math.floor(world.scheduler.nowMs * this.#rate) + this.#monotonicStartMs,
        wallMs: () => Math.floor(world.scheduler.nowMs * this.#rate) + this.#wallOffsetMs,
      },
    );
    const files = new FileOperations(this.disk, world.random, world.options.disk);
    files.whenCounted = () => this.crash(true);
    attachDisk(process, files);
    attachNetwork(process, world.network);
    process.whenOver(() => files.abandon());
    this.#process = process;
    this.#files = files;
    world.network.setUp(this.host, true);
    world.note(this.sid, "starts", this.#lives);
    process.enter(() => this.#main(process));
  }

  crash(isPowerLoss: boolean): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#world.note(this.sid, isPowerLoss ? "loses its power" : "is killed");
    this.#end(process, isPowerLoss);
    if (isPowerLoss) this.disk.crash(this.#world.random);
  }

  crashAfter(operationCount: number): void {
    if (this.#files !== undefined) this.#files.countdown = operationCount;
  }

  stop(): void {
    const { process } = this;
    if (process === undefined || this.#stop === undefined) return;
    this.#world.note(this.sid, "is asked to stop");
    process.enter(this.#stop);
  }

  freeze(): void {
    this.#process?.freeze();
    this.#world.note(this.sid, "freezes");
  }

  thaw(): void {
    if (this.#process?.isFrozen !== true) return;
    this.#world.note(this.sid, "thaws");
    this.#process.thaw();
  }

  failDisk(): void {
    this.#mayGiveUp = true;
    this.disk.nextError = "EIO";
  }

  jumpClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
    this.#world.note(this.sid, "wall clock jumps", byMs);
  }

  wipe(): void {
    this.#world.note(this.sid, "loses its disk");
    this.disk.wipe(`${dataFolder}version-2`);
    this.disk.wipe(`${dataFolder}ensemble`);
  }

  rot(): SimFile | undefined {
    const { random } = this.#world;
    const files = [...this.#historyFiles()];
    const chosen = files[randomInt(random, 0, Math.max(1, files.length))];
    if (chosen === undefined) return undefined;
    const [path, file] = chosen;
    this.#world.note(this.sid, `has a rotten bit in ${path}`);
    file.rot(random);
    this.#isRotten = true;
    return file;
  }

  needs(file: SimFile): boolean {
    for (const [, other] of this.#historyFiles()) if (other === file) return true;
    return false;
  }

  handOver(target: bigint | undefined): void {
    this.#world.note(this.sid, "is asked to hand over to", target);
    this.process?.enter(() => {
      this.#leadership?.handOver(target).then(
        ({ kind, leader }) => this.#world.note(this.sid, kind, leader),
        (error: unknown) => this.#world.uncaught(this.process!, error),
      );
    });
  }

  takesPart(replica: Replica): void {
    this.#replica = replica;
  }

  canHandOver(leadership: Leadership): void {
    this.#leadership = leadership;
  }

  /** Logs and snapshots that a start may read. */
  *#historyFiles(): Generator<readonly [path: string, file: SimFile]> {
    for (const kind of ["log.", "snapshot."]) {
      yield* this.disk.filesUnder(`${dataFolder}version-2/${kind}`);
    }
  }

  #main(process: Process): void {
    const logger = this.#world.loggerOf(this.sid);
    startServer({ config: loadServerConfig(configFile), logger, clock: process.clock }).then(
      (server) => {
        this.#stop = () => {
          server.stop().catch((error: unknown) => this.#giveUp(process, error));
        };
        server.done.then(
          () => this.#exit(process),
          (error: unknown) => this.#giveUp(process, error),
        );
      },
      (error: unknown) => this.#giveUp(process, error),
    );
  }

  /** What a failure of the disk may lead to, and nothing else. */
  #giveUp(process: Process, error: unknown): void {
    if (!process.isAlive) return;
    // A running server that comes upon damage ends; what becomes of it is the next start's business.
    const isRot = this.#isRotten && this.#replica !== undefined && isDamage(error);
    if (!this.#mayGiveUp && !isRot) {
      if (error instanceof Violation) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new Violation("servers run until they are stopped", `server ${this.sid}: ${message}`);
    }
    this.#world.note(this.sid, "gives up");
    this.#exit(process);
  }

  #exit(process: Process): void {
    if (!process.isAlive) return;
    this.#world.note(this.sid, "exits");
    this.#end(process, false);
    const { scheduler, random } = this.#world;
    scheduler.after(randomInt(random, 1, restartMaxMs), () => {
      if (!this.#isDown) this.start();
    });
  }

  #end(process: Process, isPowerLoss: boolean): void {
    this.#process = undefined;
    this.#files = undefined;
    this.#replica = undefined;
    this.#leadership = undefined;
    this.#stop = undefined;
    this.#mayGiveUp = false;
    this.disk.nextError = undefined;
    if (isPowerLoss) {
      this.#world.network.setUp(this.host, false);
      this.disk.isLosingPower = true;
    }
    process.end();
  }
}

/**
 * A model of an ensemble for the simulation of the operator: elections, synchronisation, writes
 * that a majority acknowledges, reconfiguration and hand-over, at the grain of whole steps. It
 * is as strict as the servers about disks (decision 0008), and no stricter: whoever makes voters
 * out of empty disks, or ends too many of them, loses data or quorum here as well. The real
 * servers are simulated in test/sim/servers.
 */
import type { Random } from "../../../src/base/index.ts";
import type { ObservedReport } from "./planner.ts";
import type { Config, Disk, Entry } from "./disk.ts";
import { Violation } from "../violation.ts";

/** A running member. */
interface Process {
  readonly sid: number;
  readonly disk: Disk;
  state: "loading" | "looking" | "learning" | "following" | "leading";
  /** When loading or learning ends. */
  untilTick: number;
}

/** Transactions that one entry of the model stands for: some lags are beyond what is allowed. */
const TRANSACTIONS_PER_ENTRY = 500;
const LOADING_TICKS_MAX = 4;
const LEARNING_TICKS_MAX = 6;
/** How far the epoch of a survivor is above what it knows of. */
const EPOCHS_SKIPPED = 1000;

export class EnsembleModel {
  /** What was acknowledged to clients and operators, in order. */
  readonly acknowledged: Entry[] = [];
  readonly #random: Random;
  readonly #processes = new Map<number, Process>();
  #leader: Process | null = null;
  #lastId = 0;
  #tick = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get leaderSid(): number | null {
    return this.#leader?.sid ?? null;
  }

  /** The committed membership; null while no quorum serves. */
  get config(): Config | null {
    return this.#leader?.disk.config() ?? null;
  }

  start(sid: number, disk: Disk): void {
    const untilTick = this.#tick + this.#upTo(LOADING_TICKS_MAX);
    this.#processes.set(sid, { sid, disk, state: "loading", untilTick });
  }

  /** A member gives its disk a new identity and is its only voter: what others had is given up. */
  goOnAlone(sid: number, disk: Disk, uid: string): void {
    const { log } = disk;
    const firstLost = this.acknowledged.findIndex(({ id }, index) => log[index]?.id !== id);
    if (firstLost >= 0) this.acknowledged.length = firstLost;
    disk.uid = uid;
    disk.acceptedEpoch += EPOCHS_SKIPPED;
    this.#lastId += 1;
    const config = { version: BigInt(this.#lastId), voters: [sid], observers: [] };
    log.push({ id: this.#lastId, epoch: disk.acceptedEpoch, config });
  }

  stop(sid: number): void {
    const process = this.#processes.get(sid);
    if (process === undefined) return;
    this.#processes.delete(sid);
    if (this.#leader === process) this.#deposeLeader();
  }

  isRunning(sid: number): boolean {
    return this.#processes.has(sid);
  }

  /** Whether a member takes part in the quorum or follows it. */
  isServing(sid: number): boolean {
    const state = this.#processes.get(sid)?.state;
    return state === "following" || state === "leading";
  }

  /** Voters that the quorum can count on. */
  servingVoters(): number[] {
    return (this.config?.voters ?? []).filter(
      (sid) => this.isServing(sid) && this.#processes.get(sid)?.disk.isWhole === true,
    );
  }

  /** Whether a member has every transaction of the leader. */
  isLevel(sid: number): boolean {
    const length = this.#processes.get(sid)?.disk.log.length;
    return this.isServing(sid) && length === this.#leader?.disk.log.length;
  }

  /** Transactions that a member is behind; null if nobody knows. */
  lagOf(sid: number): number | null {
    const process = this.#processes.get(sid);
    if (process === undefined || this.#leader === null) return null;
    const behind = Math.max(0, this.#leader.disk.log.length - process.disk.log.length);
    return behind * TRANSACTIONS_PER_ENTRY;
  }

  tick(tick: number): void {
    this.#tick = tick;
    for (const process of this.#processes.values()) this.#goOn(process);
    if (this.#leader !== null && !this.#hasMajority(this.config, this.#followers())) {
      this.#deposeLeader();
    }
    if (this.#leader === null && this.#random.next() < 0.5) this.#elect();
    for (const { disk, state } of this.#processes.values()) {
      if (state === "following" && this.#random.next() < 0.5) this.#catchUp(disk);
    }
  }

  /** A client's write. Whether it was acknowledged. */
  write(): boolean {
    return this.#append(null);
  }

  /** A change of the membership, if it is still of that version. Whether it was acknowledged. */
  reconfigure(fromVersion: bigint, change: (config: Config) => Omit<Config, "version">): boolean {
    const { config } = this;
    if (config?.version !== fromVersion) return false;
    const next = { ...change(config), version: BigInt(this.#lastId + 1) };
    if (!this.#hasMajority(next, this.#followers())) return false;
    if (!this.#append(next)) return false;
    if (this.#leader !== null && !next.voters.includes(this.#leader.sid)) this.#deposeLeader();
    return true;
  }

  /** Whether the leadership moved. */
  handOver(from: number, to: number): boolean {
    const target = this.#processes.get(to);
    if (this.#leader?.sid !== from || target?.state !== "following") return false;
    if (!target.disk.isWhole || this.config?.voters.includes(to) !== true) return false;
    if (this.#random.next() < 0.2) return false;
    const leader = this.#leader;
    for (const { disk, state } of this.#processes.values()) {
      if (state === "following") this.#catchUp(disk);
    }
    leader.state = "following";
    this.#lead(target, target.disk.acceptedEpoch + 1);
    return true;
  }

  /** What a member says of itself; null when it does not run. */
  reportOf(sid: number): ObservedReport | null {
    const process = this.#processes.get(sid);
    if (process === undefined || process.state === "loading") return null;
    const { disk } = process;
    const isSynced = this.isServing(sid);
    return {
      role: this.#roleOf(process),
      zxid: BigInt(disk.log.length),
      epoch: disk.acceptedEpoch,
      lag: this.lagOf(sid),
      configVersion: disk.config()?.version ?? 0n,
      voters: disk.config()?.voters ?? null,
      isSynced,
      ensembleUid: disk.isForeign ? "theirs" : disk.uid,
      diskProblem: disk.isForeign ? "foreign" : disk.isWhole ? null : "incomplete",
    };
  }

  #roleOf({ sid, state }: Process): ObservedReport["role"] {
    if (state === "leading") return "leader";
    if (state === "learning") return "learner";
    if (state !== "following") return "none";
    return this.config?.voters.includes(sid) === true ? "follower" : "observer";
  }

  #goOn(process: Process): void {
    const { disk } = process;
    if (disk.isForeign) return;
    if (process.state === "loading" && this.#tick >= process.untilTick) process.state = "looking";
    const isOfLeader = disk.uid === null || disk.uid === this.#leader?.disk.uid;
    if (process.state === "looking" && this.#leader !== null && isOfLeader) {
      process.state = "learning";
      process.untilTick = this.#tick + this.#upTo(LEARNING_TICKS_MAX);
    }
    if (process.state !== "learning") return;
    if (this.#leader === null) process.state = "looking";
    else if (this.#tick >= process.untilTick) {
      this.#follow(process, this.#leader);
      disk.isWhole = true;
    }
  }

  #follow({ sid, disk }: Process, leader: Process): void {
    disk.copyFrom(leader.disk);
    disk.acceptedEpoch = leader.disk.acceptedEpoch;
    const process = this.#processes.get(sid);
    if (process !== undefined) process.state = "following";
  }

  #elect(): void {
    const able = [...this.#processes.values()].filter(
      ({ sid, disk, state }) =>
        state === "looking" && disk.isWhole && disk.config()?.voters.includes(sid) === true,
    );
    for (const candidate of able) {
      const config = candidate.disk.config();
      const electors = able.filter(
        ({ sid, disk }) =>
          disk.uid === candidate.disk.uid &&
          config?.voters.includes(sid) === true &&
          candidate.disk.isLevelWith(disk),
      );
      if (!this.#hasMajority(config, electors)) continue;
      const epoch = Math.max(...electors.map(({ disk }) => disk.acceptedEpoch)) + 1;
      const isFirst = candidate.disk.log.length === 0;
      this.#lead(candidate, epoch);
      for (const elector of electors) if (elector !== candidate) this.#follow(elector, candidate);
      // The first leader makes up the identity of the ensemble.
      if (isFirst && config !== null)
        this.#append({ ...config, version: BigInt(this.#lastId + 1) });
      return;
    }
  }

  #lead(process: Process, epoch: number): void {
    process.disk.acceptedEpoch = epoch;
    process.state = "leading";
    this.#leader = process;
    this.acknowledged.forEach(({ id }, index) => {
      if (process.disk.log[index]?.id === id) return;
      throw new Violation("acknowledged data survives", `Member ${process.sid} lacks ${id}`);
    });
    for (const follower of this.#processes.values()) {
      if (follower.state === "following") follower.disk.acceptedEpoch = epoch;
    }
  }

  #deposeLeader(): void {
    this.#leader = null;
    for (const process of this.#processes.values()) {
      if (process.state !== "loading") process.state = "looking";
    }
  }

  /** The leader and those that follow it with a whole disk. */
  #followers(): Process[] {
    return [...this.#processes.values()].filter(
      ({ disk, state }) => (state === "following" || state === "leading") && disk.isWhole,
    );
  }

  #hasMajority(config: Config | null, processes: readonly Process[]): boolean {
    if (config === null) return false;
    const there = processes.filter(({ sid }) => config.voters.includes(sid));
    return there.length * 2 > config.voters.length;
  }

  #catchUp(disk: Disk): void {
    const { log } = this.#leader?.disk ?? disk;
    for (let index = disk.log.length; index < log.length; index += 1) disk.log.push(log[index]!);
  }

  /** Appends to the leader's log, and to those of a majority; others lag behind. */
  #append(config: Config | null): boolean {
    const leader = this.#leader;
    if (leader === null || !this.#hasMajority(this.config, this.#followers())) return false;
    const configs = [leader.disk.config(), ...(config === null ? [] : [config])];
    this.#lastId += 1;
    leader.disk.log.push({ id: this.#lastId, epoch: leader.disk.acceptedEpoch, config });
    const level = [leader];
    for (const follower of this.#followers()) {
      if (follower === leader) continue;
      const isEnough = configs.every((each) => this.#hasMajority(each, level));
      if (isEnough && this.#random.next() < 0.5) continue;
      this.#catchUp(follower.disk);
      level.push(follower);
    }
    this.acknowledged.push(...leader.disk.log.slice(this.acknowledged.length));
    return true;
  }

  #upTo(ticksMax: number): number {
    return 1 + Math.floor(this.#random.next() * ticksMax);
  }
}

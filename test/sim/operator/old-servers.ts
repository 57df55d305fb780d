/**
 * Servers of another ensemble that is to be imported: they run before anything else does, with ids
 * from 1, and nobody here starts them again when they have died.
 */
import type { EnsembleObserved, ImportReading } from "../../../src/operator/plan/index.ts";
import { Disk } from "./disk.ts";
import type { EnsembleModel } from "./ensemble-model.ts";

/** Ticks until one that crashed runs again. */
const CRASH_TICKS = 8;

export class OldServers {
  readonly sids: readonly number[];
  readonly #ensemble: EnsembleModel;
  readonly #disks = new Map<number, Disk>();
  readonly #dead = new Set<number>();
  readonly #startTicks = new Map<number, number>();

  constructor(count: number, ensemble: EnsembleModel) {
    this.sids = Array.from({ length: count }, (_, index) => index + 1);
    this.#ensemble = ensemble;
    for (const sid of this.sids) {
      const disk = new Disk();
      disk.isWhole = true;
      disk.uid = "ours";
      disk.initialConfig = { version: 0n, voters: this.sids, observers: [] };
      this.#disks.set(sid, disk);
      ensemble.start(sid, disk);
    }
  }

  /** Those that have not died. */
  get living(): number[] {
    return this.sids.filter((sid) => !this.#dead.has(sid));
  }

  tick(tick: number): void {
    for (const [sid, startTick] of this.#startTicks) {
      if (tick < startTick) continue;
      this.#startTicks.delete(sid);
      this.#ensemble.start(sid, this.#disks.get(sid)!);
    }
  }

  crash(tick: number, sid: number): void {
    if (!this.living.includes(sid) || !this.#ensemble.isRunning(sid)) return;
    this.#ensemble.stop(sid);
    this.#startTicks.set(sid, tick + CRASH_TICKS);
  }

  /** Dies for good, if the others can do without it and no other one has died. */
  die(sid: number): void {
    const { config } = this.#ensemble;
    if (config === null || this.#dead.size > 0 || !this.sids.includes(sid)) return;
    const others = config.voters.filter((voter) => voter !== sid);
    const serving = this.#ensemble.servingVoters();
    // Of four, two more could be needed while one of them is replaced.
    const isSpare = others.every(
      (voter) => serving.includes(voter) && this.#ensemble.isLevel(voter),
    );
    if (!isSpare || others.length < 2) return;
    this.#dead.add(sid);
    this.#startTicks.delete(sid);
    this.#ensemble.stop(sid);
  }

  /** What an operator finds out about them. */
  read(silent: ReadonlySet<number>): ImportReading {
    if (this.#ensemble.config === null || this.sids.some((sid) => silent.has(sid))) {
      return { kind: "problem", reason: "ServersUnreachable", message: "They do not answer" };
    }
    const servers = this.sids.map((sid) => ({ sid, address: `old${sid}:2181`, line: "" }));
    return { kind: "servers", servers };
  }

  /** Whether the operator has to know of them. */
  isToBeRead({ recorded }: Pick<EnsembleObserved, "recorded">): boolean {
    return this.sids.length > 0 && recorded.phase === null;
  }
}

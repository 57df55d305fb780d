/**
 * One simulation: an ensemble on Kubernetes, its operator, and troubles, all from one seed. While
 * the troubles last, nothing that the operator does may break a rule; after they have ended,
 * everything must become as it is wanted, and stay so.
 */
import { assert, seededRandom } from "../../../src/base/index.ts";
import { describeConditions, planEnsemble } from "../../../src/operator/plan/index.ts";
import { Violation } from "../violation.ts";
import { EnsembleModel } from "./ensemble-model.ts";
import { KubeModel } from "./kube-model.ts";
import type { Spec } from "./kube-model.ts";
import { observe, takeSnapshot } from "./observation.ts";
import type { Snapshot } from "./observation.ts";
import { OldServers } from "./old-servers.ts";
import { OperatorModel } from "./operator-model.ts";
import { optionsOf } from "./options.ts";
import type { SimOptions } from "./options.ts";
import type { Action, Planner } from "./planner.ts";
import { Rules } from "./rules.ts";
import { Troubles } from "./troubles.ts";

export interface RunRequest {
  readonly seed: number;
  readonly override?: Partial<SimOptions>;
  /** The planner to try, if not the real one. */
  readonly planner?: Planner;
  /** Whether the operator looks again before it acts. */
  readonly isCareful?: boolean;
  /** What becomes of pods when the operator deletes their StatefulSet. */
  readonly propagation?: "Orphan" | "Background";
  readonly print?: (line: string) => void;
}

export interface RunResult {
  readonly ticks: number;
  readonly acknowledged: number;
  /** How often each kind of action was carried out. */
  readonly actions: Readonly<Partial<Record<Action["kind"], number>>>;
}

/** Ticks that everything may take to become as wanted. */
const SETTLE_TICKS_MAX = 1500;
/** Ticks that it must stay so. */
const REST_TICKS = 15;
const WRITE_CHANCE = 0.7;
/** Ticks of trouble after the quorum was lost, and the chance in each that the user consents. */
const LOSS_TICKS = 100;
const CONSENT_CHANCE = 0.1;

/** @throws Violation if a rule is broken. */
export function runSimulation(request: RunRequest): RunResult {
  return new Simulation(request).run();
}

class Simulation {
  readonly #options: SimOptions;
  readonly #random;
  readonly #ensemble: EnsembleModel;
  readonly #kube: KubeModel;
  readonly #old: OldServers;
  readonly #troubles: Troubles;
  readonly #operator: OperatorModel;
  readonly #print: (line: string) => void;
  readonly #actions: Partial<Record<Action["kind"], number>> = {};
  readonly #cache: Snapshot[] = [];
  /** What is on its way to the API server or to a member. */
  #inFlight: { readonly action: Action; readonly snapshot: Snapshot } | null = null;
  #tick = 0;

  constructor(request: RunRequest) {
    const { seed, override, planner, print } = request;
    const { isCareful = true, propagation = "Orphan" } = request;
    this.#options = { ...optionsOf(seed), ...override };
    this.#random = seededRandom(seed);
    this.#print = print ?? ((): void => undefined);
    this.#ensemble = new EnsembleModel(this.#random);
    this.#kube = new KubeModel(this.#random, this.#ensemble, firstSpec(this.#options));
    this.#old = new OldServers(this.#options.oldServers, this.#ensemble);
    const models = { kube: this.#kube, ensemble: this.#ensemble, old: this.#old };
    this.#troubles = new Troubles(this.#random, this.#options, models);
    const rules = new Rules(this.#kube, this.#ensemble, {
      old: this.#old.sids,
      silent: this.#troubles.silent,
    });
    const world = { ...models, rules, silent: this.#troubles.silent };
    const manners = { isCareful, propagation };
    this.#operator = new OperatorModel(planner ?? planEnsemble, world, manners);
  }

  run(): RunResult {
    const { chaosTicks, isHibernatedLast, isDeletedLast, losesQuorumLast } = this.#options;
    while (this.#tick < chaosTicks) this.#step(true);
    this.#troubles.end(this.#tick);
    this.#print(`${this.#tick}: the troubles end`);
    if (this.#canGiveUp()) {
      this.#want({ isDeleted: true });
      this.#settle(() => this.#kube.isReleased);
      return this.#result();
    }
    this.#settle(() => this.#isAsWanted());
    if (losesQuorumLast && this.#troubles.loseQuorum(this.#tick)) this.#recover();
    if (isHibernatedLast) {
      this.#want({ isHibernated: true });
      this.#settle(() => this.#kube.pods.size === 0);
      this.#want({ isHibernated: false });
      this.#settle(() => this.#isAsWanted());
    }
    if (isDeletedLast) {
      const retention = { whenScaled: "Retain", whenDeleted: "Delete" } as const;
      this.#want({ isDeleted: true, retention });
      this.#settle(() => this.#kube.isReleased && this.#kube.claims.size === 0);
    }
    return this.#result();
  }

  /** The quorum is lost for good, and there are other troubles still; the user accepts it. */
  #recover(): void {
    this.#print(`${this.#tick}: the quorum is lost`);
    const endTick = this.#tick + LOSS_TICKS;
    while (this.#tick < endTick) {
      if (this.#random.next() < CONSENT_CHANCE) this.#troubles.consent();
      this.#step(true);
    }
    this.#troubles.end(this.#tick);
    this.#settle(() => {
      if (this.#random.next() < CONSENT_CHANCE) this.#troubles.consent();
      return this.#isAsWanted();
    });
  }

  /** To leave the old servers alone takes that they all live. */
  #canGiveUp(): boolean {
    if (!this.#options.isGivenUpLast || this.#kube.recorded.phase !== "Importing") return false;
    return this.#old.living.length === this.#old.sids.length;
  }

  #result(): RunResult {
    const acknowledged = this.#ensemble.acknowledged.length;
    return { ticks: this.#tick, acknowledged, actions: this.#actions };
  }

  #step(isTroubled: boolean): void {
    this.#tick += 1;
    const inFlight = this.#inFlight;
    // What was decided a moment ago meets the world as it was: that others change it in between is
    // not the operator's fault.
    if (inFlight === null && isTroubled) this.#troubles.tick(this.#tick);
    if (inFlight !== null) this.#arrive(inFlight.action, inFlight.snapshot);
    this.#kube.tick(this.#tick);
    this.#old.tick(this.#tick);
    this.#ensemble.tick(this.#tick);
    if (this.#random.next() < WRITE_CHANCE) this.#ensemble.write();
    this.#cache.unshift(takeSnapshot(this.#kube));
    this.#cache.length = Math.min(this.#cache.length, this.#options.staleTicksMax + 1);
    const isHere = this.#random.next() < this.#options.operatorChance;
    if (isHere && !this.#kube.isReleased) this.#operate(isTroubled);
  }

  #operate(isTroubled: boolean): void {
    const { lossChance, delayChance, restartChance } = this.#options;
    if (isTroubled && this.#random.next() < restartChance) this.#operator.restart();
    const age = isTroubled ? Math.floor(this.#random.next() * this.#cache.length) : 0;
    const cached = this.#cache[age];
    assert(cached !== undefined, "There is a snapshot of this tick");
    const step = this.#operator.decide(cached, () => takeSnapshot(this.#kube));
    if (step === null) return;
    this.#print(`${this.#tick}: ${formatAction(step.action)} (${step.reason})`);
    if (this.#random.next() < lossChance) return;
    if (this.#random.next() < delayChance) this.#inFlight = step;
    else this.#arrive(step.action, step.snapshot);
  }

  #arrive(action: Action, snapshot: Snapshot): void {
    this.#inFlight = null;
    this.#actions[action.kind] = (this.#actions[action.kind] ?? 0) + 1;
    this.#operator.carryOut(this.#tick, action, snapshot);
  }

  /** Goes on until it is so, and looks whether it stays. */
  #settle(isSo: () => boolean): void {
    const endTick = this.#tick + SETTLE_TICKS_MAX;
    let rest = 0;
    while (rest < REST_TICKS) {
      this.#step(false);
      rest = isSo() ? rest + 1 : 0;
      if (this.#tick < endTick) continue;
      const { action, reason } = this.#operator.plan(takeSnapshot(this.#kube));
      throw new Violation("all becomes as wanted", `${formatAction(action)} (${reason})`);
    }
    this.#print(`${this.#tick}: all is as wanted`);
  }

  #want(change: Partial<Spec["wanted"]>): void {
    const { spec } = this.#kube;
    this.#kube.spec = { ...spec, wanted: { ...spec.wanted, ...change } };
  }

  /** Whether it really is, and the operator says so. */
  #isAsWanted(): boolean {
    const { spec, pods, claims } = this.#kube;
    const { replicas, observers, retention } = spec.wanted;
    const { config } = this.#ensemble;
    const { firstSid } = this.#kube.recorded;
    const voters = Array.from({ length: replicas }, (_, index) => index + firstSid);
    const watchers = Array.from({ length: observers }, (_, index) => index + 101);
    const all = [...voters, ...watchers];
    const isThere =
      config !== null &&
      config.voters.join() === voters.join() &&
      config.observers.join() === watchers.join() &&
      pods.size === all.length &&
      all.every(
        (sid) =>
          pods.get(sid)?.revision === spec.revision &&
          this.#ensemble.isServing(sid) &&
          (claims.get(sid)?.capacity ?? 0) >= spec.volumeSize,
      );
    if (!isThere) return false;
    if (retention.whenScaled === "Delete" && claims.size > all.length) return false;
    const snapshot = takeSnapshot(this.#kube);
    const step = this.#operator.plan(snapshot);
    const asked = { ensemble: this.#ensemble, old: this.#old, silent: this.#troubles.silent };
    const observed = observe(snapshot, asked, 0);
    if (observed.children.outgrown.length > 0) return false;
    const { Ready } = describeConditions(spec.wanted, observed, step);
    return step.action.kind === "none" && Ready.reason === "AsWanted";
  }
}

function firstSpec({ replicas, observers, oldServers }: SimOptions): Spec {
  return {
    wanted: {
      replicas,
      observers,
      isPaused: false,
      isHibernated: false,
      isDeleted: false,
      import: oldServers === 0 ? null : { takesOver: true },
      recovery: null,
      retention: { whenScaled: "Retain", whenDeleted: "Retain" },
    },
    revision: 1,
    volumeSize: 1,
  };
}

function formatAction(action: Action): string {
  return JSON.stringify(action, (_, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
}

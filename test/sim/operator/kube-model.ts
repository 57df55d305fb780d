/**
 * A model of Kubernetes for the simulation of the operator: the objects that the operator reads and
 * writes, the controller of StatefulSets (ordered by nothing, replacing pods only when they are
 * gone), and the kubelet. Everything takes its time, and different times.
 */
import type { Random } from "../../../src/base/index.ts";
import type { EnsembleObserved, EnsembleWanted } from "../../../src/operator/plan/index.ts";
import { Violation } from "../violation.ts";
import { Disk } from "./disk.ts";
import type { EnsembleModel } from "./ensemble-model.ts";
import type { ObservedPod } from "./planner.ts";

export type Recorded = EnsembleObserved["recorded"];
export type Component = "members" | "observers";

const COMPONENTS: readonly Component[] = ["members", "observers"];

/** What the user asks for. */
export interface Spec {
  readonly wanted: EnsembleWanted;
  /** Of the pods; each has its own image. */
  readonly revision: number;
  readonly volumeSize: number;
}

/** Images that do not work, by how. */
export type Defect = "imageUnavailable" | "crashLooping";

/** What pods are told that are made after a recovery. */
export interface RecoveryOrder {
  readonly survivor: number;
  readonly lostUid: string;
  readonly uid: string;
}

/** What the operator has made for the members. */
export interface Children {
  readonly revision: number;
  readonly recovery: RecoveryOrder | null;
  /** Whether the survivor is to go on. */
  readonly isRecovering: boolean;
  readonly isFounding: boolean;
  readonly firstSid: number;
  readonly sizes: { readonly members: number | null; readonly observers: number | null };
  /** Of the volumes that each StatefulSet makes; fixed for as long as it is there. */
  readonly volumeSizes: { readonly members: number; readonly observers: number };
}

export interface Pod {
  readonly uid: string;
  readonly madeAtTick: number;
  readonly revision: number;
  readonly recovery: RecoveryOrder | null;
  state: ObservedPod["state"];
  /** When it goes on to its next state, or its process starts again. */
  untilTick: number;
  isReady: boolean;
  restarts: number;
  /** Whether there is a node for it. */
  isSchedulable: boolean;
}

export interface Claim {
  readonly uid: string;
  readonly disk: Disk;
  state: "bound" | "terminating";
  /** What is written on it. */
  ensembleUid: string | null;
  /** What it asks for, and what its member can write to. */
  request: number;
  capacity: number;
  /** Whether its file system grows while it is mounted. */
  readonly growsMounted: boolean;
  /** Since when its file system waits for being mounted anew; null if it does not. */
  pendingSinceTick: number | null;
  firstSid: number;
}

const NO_SIZES: Children["sizes"] = { members: null, observers: null };
const NOTHING: Recorded = {
  phase: null,
  founders: [],
  ensembleUid: null,
  sizes: { members: 0, observers: 0 },
  firstSid: 1,
  imported: [],
  recovery: null,
};

const POD_TICKS_MAX = 5;
/** Ticks until a change of the members' settings is on all nodes. */
const SETTINGS_TICKS = 10;

export class KubeModel {
  spec: Spec;
  recorded: Recorded;
  children: Children = {
    revision: 0,
    recovery: null,
    isRecovering: false,
    isFounding: false,
    firstSid: 1,
    sizes: NO_SIZES,
    volumeSizes: { members: 1, observers: 1 },
  };
  /** Pods that no StatefulSet owns, as theirs was deleted without them. */
  readonly orphans = new Set<number>();
  readonly pods = new Map<number, Pod>();
  readonly claims = new Map<number, Claim>();
  readonly defects = new Map<number, Defect>();
  /** What the controller of StatefulSets has seen. */
  seen: Children = this.children;
  isReleased = false;
  /** Until when the permission to form an ensemble may still be on some node. */
  foundingUntilTick = 0;
  readonly #random: Random;
  readonly #ensemble: EnsembleModel;
  #lastUid = 0;

  constructor(random: Random, ensemble: EnsembleModel, spec: Spec) {
    this.#random = random;
    this.#ensemble = ensemble;
    this.spec = spec;
    this.recorded = NOTHING;
  }

  /** The object is deleted and made anew: what belongs to it goes, but for the volumes. */
  recreate(): void {
    this.recorded = { ...NOTHING };
    this.children = { ...this.children, isFounding: false, sizes: NO_SIZES };
  }

  tick(tick: number): void {
    if (this.children.isFounding) this.foundingUntilTick = tick + SETTINGS_TICKS;
    if (this.#random.next() < 0.5) this.seen = this.children;
    if (this.#random.next() < 0.7) this.#runController(tick);
    for (const [sid, pod] of this.pods) this.#runKubelet(tick, sid, pod);
    for (const [sid, claim] of this.claims) {
      if (claim.state === "terminating" && !this.pods.has(sid)) this.claims.delete(sid);
      else this.#runResizer(tick, sid, claim);
    }
  }

  /** A StatefulSet is deleted; its pods go with it unless they are made orphans first. */
  deleteSet(component: Component, propagation: "Orphan" | "Background"): void {
    const { sizes } = this.children;
    if (sizes[component] === null) return;
    if (propagation === "Orphan") {
      for (const sid of this.pods.keys()) if (componentOf(sid) === component) this.orphans.add(sid);
    }
    this.children = { ...this.children, sizes: { ...sizes, [component]: null } };
  }

  /** What makes a pod end, whoever asks for it. */
  endPod(tick: number, sid: number): void {
    const pod = this.pods.get(sid);
    if (pod === undefined || pod.state === "terminating") return;
    pod.state = "terminating";
    pod.isReady = false;
    pod.untilTick = tick + this.#upTo(POD_TICKS_MAX);
    this.#ensemble.stop(sid);
  }

  /** A member's process ends by itself; the kubelet starts it again. */
  crash(tick: number, sid: number): void {
    const pod = this.pods.get(sid);
    if (pod?.state !== "running") return;
    this.#ensemble.stop(sid);
    pod.restarts += 1;
    pod.untilTick = tick + this.#upTo(POD_TICKS_MAX);
  }

  /** The ids of all pods that the StatefulSets have as `children` are. */
  sidsOf({ sizes, firstSid }: Children): number[] {
    return COMPONENTS.flatMap((component) =>
      Array.from(
        { length: sizes[component] ?? 0 },
        (_, index) => index + (component === "members" ? firstSid : 101),
      ),
    );
  }

  troubleOf(pod: Pod): ObservedPod["trouble"] {
    if (pod.state === "pending" && !pod.isSchedulable) return "unschedulable";
    return this.defects.get(pod.revision) ?? null;
  }

  #runController(tick: number): void {
    const sids = new Set(this.sidsOf(this.seen));
    for (const component of COMPONENTS)
      if (this.seen.sizes[component] !== null) this.#adopt(component);
    for (const sid of this.pods.keys()) {
      if (!sids.has(sid) && !this.orphans.has(sid)) this.endPod(tick, sid);
    }
    for (const sid of sids) {
      if (this.pods.has(sid) || this.claims.get(sid)?.state === "terminating") continue;
      if (!this.claims.has(sid)) {
        this.claims.set(sid, this.newClaim(this.seen.volumeSizes[componentOf(sid)]));
      }
      this.pods.set(sid, {
        uid: this.#newUid("pod"),
        madeAtTick: tick,
        revision: this.seen.revision,
        recovery: this.seen.recovery,
        state: "pending",
        untilTick: tick + this.#upTo(POD_TICKS_MAX),
        isReady: false,
        restarts: 0,
        isSchedulable: true,
      });
    }
  }

  #runKubelet(tick: number, sid: number, pod: Pod): void {
    if (pod.state === "terminating") {
      if (tick < pod.untilTick) return;
      this.pods.delete(sid);
      this.orphans.delete(sid);
      return;
    }
    const defect = this.defects.get(pod.revision);
    if (defect === "imageUnavailable" || !pod.isSchedulable) return;
    if (pod.state === "pending" && tick >= pod.untilTick) {
      pod.state = "running";
      this.#mount(sid);
    }
    if (pod.state === "pending") return;
    if (defect === "crashLooping") {
      if (this.#random.next() < 0.1) pod.restarts += 1;
    } else if (!this.#ensemble.isRunning(sid) && tick >= pod.untilTick) {
      this.#startMember(tick, sid, pod);
    }
    if (this.#random.next() < 0.6) pod.isReady = this.#ensemble.isServing(sid);
  }

  #startMember(tick: number, sid: number, { recovery }: Pod): void {
    const claim = this.claims.get(sid);
    if (claim === undefined) return;
    const { disk } = claim;
    if (recovery !== null && !this.#obey(sid, disk, recovery)) return;
    const { founders } = this.recorded;
    const isEmpty = disk.log.length === 0 && disk.initialConfig === null && !disk.isForeign;
    if (isEmpty && tick < this.foundingUntilTick && founders.includes(sid)) {
      disk.isWhole = true;
      disk.uid = "ours";
      disk.initialConfig = { version: 0n, voters: founders, observers: [] };
      if (this.#ensemble.acknowledged.length > 0 && this.recorded.phase === "Running") {
        throw new Violation("an ensemble is formed once", `Member ${sid} formed it again`);
      }
    }
    this.#ensemble.start(sid, disk);
  }

  /** What a member does to its disk that is told of a recovery. Whether it can start. */
  #obey(sid: number, disk: Disk, { survivor, lostUid, uid }: RecoveryOrder): boolean {
    if (disk.isForeign || disk.uid !== lostUid) return true;
    const unaware = [...this.pods].filter(([, { recovery }]) => recovery?.uid !== uid);
    if (unaware.length > 0) {
      const others = unaware.map(([other]) => other).join();
      throw new Violation("one ensemble of a name", `${sid} begins, and ${others} have not ended`);
    }
    if (sid !== survivor || !this.children.isRecovering) disk.clear();
    else if (disk.isWhole) this.#ensemble.goOnAlone(sid, disk, uid);
    return disk.uid !== lostUid;
  }

  /** A claim of a volume that is there. */
  newClaim(size: number): Claim {
    return {
      uid: this.#newUid("claim"),
      disk: new Disk(),
      state: "bound",
      ensembleUid: null,
      firstSid: 1,
      request: size,
      capacity: size,
      growsMounted: this.#random.next() < 0.5,
      pendingSinceTick: null,
    };
  }

  #adopt(component: Component): void {
    for (const sid of this.orphans) if (componentOf(sid) === component) this.orphans.delete(sid);
  }

  /** Makes volumes larger, and their file systems if it can. */
  #runResizer(tick: number, sid: number, claim: Claim): void {
    if (claim.request <= claim.capacity || this.#random.next() < 0.7) return;
    if (claim.growsMounted || !this.pods.has(sid)) claim.capacity = claim.request;
    else claim.pendingSinceTick ??= tick;
  }

  #mount(sid: number): void {
    const claim = this.claims.get(sid);
    if (claim === undefined || claim.pendingSinceTick === null) return;
    claim.capacity = claim.request;
    claim.pendingSinceTick = null;
  }

  #newUid(kind: string): string {
    this.#lastUid += 1;
    return `${kind}-${this.#lastUid}`;
  }

  #upTo(ticksMax: number): number {
    return 1 + Math.floor(this.#random.next() * ticksMax);
  }
}

/** The StatefulSet that makes the pod of a member. */
function componentOf(sid: number): Component {
  return sid > 100 ? "observers" : "members";
}

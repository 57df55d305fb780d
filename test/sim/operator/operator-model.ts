/**
 * The operator's adapter in the simulation. A cache, often stale, tells it to look; then it reads
 * everything anew, plans, and carries out the one action, on the conditions that the action names.
 * Requests get lost before or after they were carried out, which is the same to it, as it
 * remembers nothing but how often a hand-over failed.
 */
import { assert } from "../../../src/base/index.ts";
import { FailedHandOvers } from "../../../src/operator/members/index.ts";
import type { EnsembleObserved, EnsembleStep } from "../../../src/operator/plan/index.ts";
import type { EnsembleModel } from "./ensemble-model.ts";
import type { KubeModel } from "./kube-model.ts";
import { observe } from "./observation.ts";
import type { Snapshot } from "./observation.ts";
import type { OldServers } from "./old-servers.ts";
import type { Action, Planner } from "./planner.ts";
import type { Rules } from "./rules.ts";

/** The world as the operator reaches it. */
export interface OperatorWorld {
  readonly kube: KubeModel;
  readonly ensemble: EnsembleModel;
  readonly rules: Rules;
  readonly old: OldServers;
  /** Members that do not answer the operator. */
  readonly silent: ReadonlySet<number>;
}

/** How it goes about things. */
export interface Manners {
  /** Whether it looks again before it acts; only a defective one does not. */
  readonly isCareful: boolean;
  /** What becomes of pods when it deletes their StatefulSet; only a defective one ends them. */
  readonly propagation: "Orphan" | "Background";
}

export class OperatorModel {
  readonly #planner: Planner;
  readonly #world: OperatorWorld;
  readonly #isCareful: Manners["isCareful"];
  readonly #propagation: Manners["propagation"];
  #failedHandOvers = new FailedHandOvers();

  constructor(planner: Planner, world: OperatorWorld, { isCareful, propagation }: Manners) {
    this.#planner = planner;
    this.#world = world;
    this.#isCareful = isCareful;
    this.#propagation = propagation;
  }

  /** The step that it would take, seeing the objects as in `snapshot`. */
  plan(snapshot: Snapshot): EnsembleStep & { readonly snapshot: Snapshot } {
    const { ensemble } = this.#world;
    const failedHandOvers = this.#failedHandOvers.under(ensemble.leaderSid);
    const observed = observe(snapshot, this.#world, failedHandOvers);
    return { ...this.#planner(snapshot.spec.wanted, observed), snapshot };
  }

  /** Looks at a cache, then at what is there now. The step to take; null if there is none. */
  decide(cached: Snapshot, current: () => Snapshot) {
    const seen = this.plan(cached);
    if (isIdle(seen.action)) return null;
    const step = this.#isCareful ? this.plan(current()) : seen;
    return isIdle(step.action) ? null : step;
  }

  /** It starts anew and remembers nothing. */
  restart(): void {
    this.#failedHandOvers = new FailedHandOvers();
  }

  /** Carries out an action that was decided on `snapshot`. */
  carryOut(tick: number, action: Action, snapshot: Snapshot): void {
    const { kube, rules } = this.#world;
    rules.check(action, snapshot.spec.wanted, this.#propagation);
    switch (action.kind) {
      case "recordForming": {
        const { founders, sizes } = action;
        const begun = { phase: "Forming", founders, sizes, ensembleUid: "ours" } as const;
        this.#record(snapshot, { ...snapshot.recorded, ...begun });
        return;
      }
      case "recordImporting": {
        const { firstSid, servers: imported, sizes } = action;
        const begun = { phase: "Importing", firstSid, imported, sizes } as const;
        this.#record(snapshot, { ...snapshot.recorded, ...begun, ensembleUid: "ours" });
        return;
      }
      case "recordRecovery": {
        const { survivor, lostUid, zxid, others } = action;
        const ensembleUid = `${lostUid}+`;
        const recovery = { survivor, lostUid, zxid, others };
        const begun = { phase: "Recovering", ensembleUid, recovery } as const;
        this.#record(snapshot, { ...snapshot.recorded, ...begun });
        return;
      }
      case "recordAdopted": {
        const { ensembleUid, firstSid, sizes } = action;
        const adopted = { phase: "Running", ensembleUid, firstSid, sizes } as const;
        this.#record(snapshot, { ...snapshot.recorded, ...adopted });
        return;
      }
      case "recordRunning":
        this.#record(snapshot, { ...snapshot.recorded, phase: "Running", founders: [] });
        return;
      case "recordSizes":
        this.#record(snapshot, { ...snapshot.recorded, sizes: action.sizes });
        return;
      case "applyChildren":
        if (kube.children.sizes === snapshot.children.sizes) this.#apply(action, snapshot);
        return;
      case "resizeStatefulSet": {
        const { component, fromReplicas, replicas } = action;
        const { sizes } = kube.children;
        if (sizes[component] !== fromReplicas) return;
        kube.children = { ...kube.children, sizes: { ...sizes, [component]: replicas } };
        return;
      }
      case "deletePod":
        if (kube.pods.get(action.sid)?.uid === action.uid) kube.endPod(tick, action.sid);
        return;
      case "deleteClaim": {
        const claim = kube.claims.get(action.sid);
        if (claim?.uid === action.uid) claim.state = "terminating";
        return;
      }
      case "markClaim": {
        const claim = kube.claims.get(action.sid);
        if (claim?.uid !== action.uid) return;
        claim.ensembleUid = action.ensembleUid;
        claim.firstSid = action.firstSid;
        return;
      }
      case "growClaim": {
        const claim = kube.claims.get(action.sid);
        if (claim?.uid === action.uid) claim.request = snapshot.spec.volumeSize;
        return;
      }
      case "orphanPods":
        if (kube.children.sizes === snapshot.children.sizes) {
          kube.deleteSet(action.component, this.#propagation);
        }
        return;
      case "release":
        kube.isReleased = true;
        return;
      case "addMember":
      case "removeMember":
        this.#reconfigure(action);
        return;
      case "transferLeadership":
        this.#handOver(action.from, action.to);
        return;
      case "wait":
      case "none":
        assert(false, "There is something to carry out");
    }
  }

  /** What is there of StatefulSets keeps the sizes of its volumes. */
  #apply(
    { isFounding, sizes }: Extract<Action, { kind: "applyChildren" }>,
    { spec: { revision, volumeSize }, recorded }: Snapshot,
  ): void {
    const { kube } = this.#world;
    const { ensembleUid, firstSid, recovery } = recorded;
    const { survivor, lostUid } = recovery ?? {};
    const { sizes: before, volumeSizes } = kube.children;
    kube.children = {
      revision,
      recovery:
        survivor === undefined || lostUid === undefined || ensembleUid === null
          ? null
          : { survivor, lostUid, uid: ensembleUid },
      isRecovering: recorded.phase === "Recovering",
      isFounding,
      firstSid,
      sizes,
      volumeSizes: {
        members: before.members === null ? volumeSize : volumeSizes.members,
        observers: before.observers === null ? volumeSize : volumeSizes.observers,
      },
    };
  }

  /** Writes the status if nobody has since it was read. */
  #record(snapshot: Snapshot, recorded: EnsembleObserved["recorded"]): void {
    const { kube } = this.#world;
    if (kube.recorded === snapshot.recorded) kube.recorded = recorded;
  }

  #handOver(from: number, to: number): void {
    if (!this.#world.ensemble.handOver(from, to)) this.#failedHandOvers.note(from);
  }

  #reconfigure(action: Extract<Action, { kind: "addMember" | "removeMember" }>): void {
    const { sid } = action;
    this.#world.ensemble.reconfigure(action.fromVersion, (config) => {
      const voters = config.voters.filter((voter) => voter !== sid);
      const observers = config.observers.filter((observer) => observer !== sid);
      if (action.kind === "addMember") (action.role === "observer" ? observers : voters).push(sid);
      return { voters: voters.sort((a, b) => a - b), observers };
    });
  }
}

function isIdle({ kind }: Action): boolean {
  return kind === "wait" || kind === "none";
}

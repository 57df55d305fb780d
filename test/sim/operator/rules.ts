/**
 * What the operator may do, judged by how things really are at that moment: nothing of the
 * planner's own reasoning is used here. That acknowledged data survives, and that an ensemble is
 * formed once, is checked by the models.
 */
import type { EnsembleWanted } from "../../../src/operator/plan/index.ts";
import { Violation } from "../violation.ts";
import type { EnsembleModel } from "./ensemble-model.ts";
import type { Component, KubeModel } from "./kube-model.ts";
import type { Action } from "./planner.ts";

/** Lag in transactions with which a member may be admitted. */
const LAG_MAX = 1000;
/** Failed hand-overs after which a leader may be stopped without. */
const HAND_OVERS_MAX = 3;

export class Rules {
  readonly #kube: KubeModel;
  readonly #ensemble: EnsembleModel;
  /** Who was asked to hand over last, and how often in a row. */
  #asked = { sid: 0, times: 0 };
  readonly #old: readonly number[];

  readonly #silent: ReadonlySet<number>;

  /** @param old - servers of another ensemble that is imported, and who does not answer. */
  constructor(
    kube: KubeModel,
    ensemble: EnsembleModel,
    { old, silent }: { readonly old: readonly number[]; readonly silent: ReadonlySet<number> },
  ) {
    this.#kube = kube;
    this.#ensemble = ensemble;
    this.#old = old;
    this.#silent = silent;
  }

  /** @throws Violation if the action must not be carried out now. */
  check(
    action: Action,
    wanted: EnsembleWanted,
    propagation: "Orphan" | "Background" = "Orphan",
  ): void {
    const changesNothing = action.kind === "markClaim";
    if (wanted.isPaused && !wanted.isDeleted && !changesNothing) {
      throw new Violation("a paused ensemble is left alone", action.kind);
    }
    switch (action.kind) {
      case "deletePod":
        if (this.#kube.pods.get(action.sid)?.uid !== action.uid) return;
        this.#checkEnding(action.sid);
        if (action.sid === this.#ensemble.leaderSid) this.#checkLeader(action);
        return;
      case "resizeStatefulSet":
        if (!wanted.isHibernated && !wanted.isDeleted) this.#checkResize(action);
        return;
      case "applyChildren":
        this.#checkFounding(action.isFounding);
        this.#checkStop(action.sizes);
        return;
      case "recordRecovery":
        this.#checkRecovery(action, wanted);
        return;
      case "recordSizes":
        this.#checkNewcomers(action.sizes);
        return;
      case "addMember":
        this.#checkAdmission(action.sid);
        return;
      case "removeMember":
        if (this.#old.includes(action.sid)) this.#checkOldServer(action.sid, wanted);
        else this.#checkDismissal(action.sid, wanted);
        return;
      case "deleteClaim":
        if (!wanted.isDeleted) this.#checkClaim(action.sid);
        return;
      case "transferLeadership": {
        if (this.#old.includes(action.to)) {
          throw new Violation("members alone are handed over to", `Server ${action.to} is old`);
        }
        const times = this.#asked.sid === action.from ? this.#asked.times + 1 : 1;
        this.#asked = { sid: action.from, times };
        return;
      }
      case "markClaim":
        this.#checkMark(action.sid, action.uid);
        return;
      case "orphanPods":
        this.#checkOrphans(action.component, propagation);
        return;
      case "growClaim":
        this.#checkGrowth(action);
        return;
      case "recordForming":
        if (this.#ensemble.acknowledged.length === 0 && this.#old.length === 0) return;
        throw new Violation("an ensemble is formed once", "It has served, or is imported");
      case "recordImporting":
        if ([...this.#kube.claims.values()].some(({ ensembleUid }) => ensembleUid !== null)) {
          throw new Violation("an ensemble is formed once", "It was imported already");
        }
        if (this.#old.every((sid) => sid < action.firstSid)) return;
        throw new Violation("ids are of one server each", `${action.firstSid} is not the first`);
      case "release":
        if (this.#kube.recorded.phase === "Importing") this.#checkRelease();
        return;
      case "recordAdopted":
      case "recordRunning":
      case "wait":
      case "none":
    }
  }

  /** Whoever serves may be ended only while all other voters do, and no other pod is ending. */
  #checkEnding(sid: number): void {
    const rule = "one disruption at a time";
    const { config } = this.#ensemble;
    const pod = this.#kube.pods.get(sid);
    if (config === null) {
      if (this.#kube.claims.get(sid)?.state === "terminating") {
        throw new Violation("a volume goes last", `Member ${sid} may be needed`);
      }
      if (pod?.isReady !== true) return;
      throw new Violation(rule, `Member ${sid} is ready, and there is no quorum`);
    }
    const others = config.voters.filter((voter) => voter !== sid);
    const serving = this.#ensemble.servingVoters().filter((voter) => voter !== sid);
    const isMajority = serving.length * 2 > config.voters.length;
    if (this.#kube.claims.get(sid)?.state === "terminating" && config.voters.includes(sid)) {
      if (!isMajority) throw new Violation("a volume goes last", `Too few others for ${sid}`);
    }
    if (!this.#ensemble.isServing(sid)) return;
    // It serves, though neither Kubernetes nor the operator sees it: it can be spared.
    if (pod?.isReady === false && isMajority) return;
    const missing = others.filter(
      (voter) => !serving.includes(voter) && !(isMajority && this.#old.includes(voter)),
    );
    if (missing.length > 0) {
      throw new Violation(rule, `Member ${sid} serves and ${missing.join()} do not`);
    }
    const ending = [...this.#kube.pods].filter(([, { state }]) => state === "terminating");
    if (ending.length > 0) throw new Violation(rule, `${ending.length} pods are ending already`);
  }

  /** A StatefulSet goes without its pods, and while nobody comes or goes. */
  #checkOrphans(component: Component, propagation: "Orphan" | "Background"): void {
    const { pods, children } = this.#kube;
    const rule = "a StatefulSet goes alone";
    const size = children.sizes[component] ?? 0;
    if (size > 0 && propagation !== "Orphan") throw new Violation(rule, "Its pods go with it");
    for (const [sid, { state }] of pods) {
      const isQuiet = state === "running" && this.#ensemble.isServing(sid);
      if (!isQuiet) throw new Violation(rule, `Member ${sid} is coming or going`);
    }
    if (pods.size === this.#kube.sidsOf(children).length) return;
    throw new Violation(rule, "A pod is missing");
  }

  /** Volumes do not shrink. */
  #checkGrowth({ sid, uid }: Extract<Action, { kind: "growClaim" }>): void {
    const claim = this.#kube.claims.get(sid);
    if (claim?.uid !== uid || claim.request < this.#kube.spec.volumeSize) return;
    throw new Violation("volumes only grow", `Member ${sid} has ${claim.request}`);
  }

  /** A leader that could hand over has done so, and nobody else is left to be rolled. */
  #checkLeader({ sid, reason }: Extract<Action, { kind: "deletePod" }>): void {
    const voters = this.#ensemble.config?.voters ?? [];
    const isAlone = voters.filter((voter) => !this.#old.includes(voter)).length === 1;
    const timesAsked = this.#asked.sid === sid ? this.#asked.times : 0;
    if (!isAlone && timesAsked < HAND_OVERS_MAX) {
      throw new Violation("the leader hands over first", `Member ${sid} leads`);
    }
    const first = [...this.#kube.pods].find(
      ([other, { revision }]) => other !== sid && revision !== this.#kube.spec.revision,
    );
    if (reason !== "OutOfDate" || first === undefined) return;
    throw new Violation("the leader is the last one", `Member ${first[0]} is out of date as well`);
  }

  /** A pod is ended by a smaller size only after its member has left. */
  #checkResize(action: Extract<Action, { kind: "resizeStatefulSet" }>): void {
    const { component, fromReplicas, replicas } = action;
    if (this.#kube.children.sizes[component] !== fromReplicas || replicas >= fromReplicas) return;
    const { config } = this.#ensemble;
    const rule = "a member leaves before its pod";
    if (config === null) throw new Violation(rule, "There is no quorum");
    const base = component === "members" ? this.#kube.recorded.firstSid - 1 : 100;
    for (let sid = base + replicas + 1; sid <= base + fromReplicas; sid += 1) {
      if ([...config.voters, ...config.observers].includes(sid)) {
        throw new Violation(rule, `Member ${sid} has not left`);
      }
    }
  }

  /** All members end at once for a recovery only. */
  #checkStop(sizes: { readonly members: number; readonly observers: number }): void {
    const { children, recorded } = this.#kube;
    if (recorded.phase === "Recovering") return;
    const { members, observers } = children.sizes;
    if (sizes.members >= (members ?? 0) && sizes.observers >= (observers ?? 0)) return;
    throw new Violation("a member leaves before its pod", "Pods end, and none has left");
  }

  /** A quorum is given up if the user has said so of this very loss, and it cannot come back. */
  #checkRecovery(
    { survivor, lostUid, zxid }: Extract<Action, { kind: "recordRecovery" }>,
    { recovery: consent }: EnsembleWanted,
  ): void {
    const isMeant =
      consent?.acceptsLoss === true &&
      consent.survivor === survivor &&
      consent.zxid === zxid &&
      consent.ensembleUid === lostUid;
    if (!isMeant) throw new Violation("a quorum is given up by consent", `Member ${survivor}`);
    const rule = "a quorum is given up when it is lost for good";
    const { claims, recorded } = this.#kube;
    const lost = this.#ensemble.acknowledged.findLast(({ config }) => config !== null)?.config;
    const able = (lost?.voters ?? []).filter((sid) => {
      const claim = claims.get(sid);
      const isOurs = claim?.disk.uid === recorded.ensembleUid && !claim.disk.isForeign;
      return claim?.state === "bound" && isOurs && claim.disk.isWhole;
    });
    if (this.#ensemble.leaderSid !== null || able.length * 2 > (lost?.voters.length ?? 0)) {
      throw new Violation(rule, `Members ${able.join()} are enough`);
    }
    const best = Math.max(...able.map((sid) => claims.get(sid)?.disk.log.length ?? 0));
    if (able.includes(survivor) && BigInt(best) === zxid) return;
    throw new Violation("the survivor has most", `Member ${survivor} has ${zxid} of ${best}`);
  }

  #checkFounding(isFounding: boolean): void {
    if (!isFounding || this.#kube.recorded.phase === "Forming") return;
    throw new Violation("an ensemble is formed once", "It runs already");
  }

  /** Of the pods that there are to be, one at most is of no member yet. */
  #checkNewcomers(sizes: { readonly members: number }): void {
    const { config } = this.#ensemble;
    if (config === null || sizes.members <= this.#kube.recorded.sizes.members) return;
    const newcomers: number[] = [];
    const { firstSid } = this.#kube.recorded;
    for (let sid = firstSid; sid < firstSid + sizes.members; sid += 1) {
      if (!config.voters.includes(sid)) newcomers.push(sid);
    }
    if (newcomers.length <= 1) return;
    throw new Violation("members come one by one", `${newcomers.join()} are no voters`);
  }

  #checkAdmission(sid: number): void {
    const lag = this.#ensemble.lagOf(sid);
    if (this.#ensemble.isServing(sid) && lag !== null && lag <= LAG_MAX) return;
    throw new Violation("a member has all data before its vote", `Member ${sid} lags ${lag}`);
  }

  #checkDismissal(sid: number, wanted: EnsembleWanted): void {
    const rule = "those who stay are well";
    const isGivenUp = wanted.isDeleted && this.#kube.recorded.phase === "Importing";
    const isWanted = sid < this.#kube.recorded.firstSid + wanted.replicas;
    if (isWanted && !isGivenUp) throw new Violation(rule, `Member ${sid} is wanted`);
    const serving = this.#ensemble.servingVoters();
    const staying = (this.#ensemble.config?.voters ?? []).filter((voter) => voter !== sid);
    const missing = staying.filter((voter) => !serving.includes(voter));
    const isMajority = missing.length * 2 < staying.length;
    if (isMajority && (isGivenUp || missing.every((voter) => this.#old.includes(voter)))) return;
    if (missing.length > 0) throw new Violation(rule, `${missing.join()} do not serve`);
  }

  /** What is written on a claim holds for its volume. */
  #checkMark(sid: number, uid: string): void {
    const claim = this.#kube.claims.get(sid);
    if (claim?.uid !== uid || (claim.disk.isWhole && !claim.disk.isForeign)) return;
    throw new Violation("a mark is true", `The volume of ${sid} has not the ensemble's data`);
  }

  /** One that serves stays until all members vote; nobody is the last that has a vote. */
  #checkOldServer(sid: number, wanted: EnsembleWanted): void {
    const rule = "old servers leave last";
    const { firstSid } = this.#kube.recorded;
    const { voters = [] } = this.#ensemble.config ?? {};
    const serving = this.#ensemble.servingVoters();
    const staying = voters.filter((voter) => voter !== sid);
    const missing = staying.filter((voter) => !serving.includes(voter));
    if (wanted.import?.takesOver !== true) throw new Violation(rule, "They are to stay");
    if (missing.length * 2 >= staying.length) {
      throw new Violation("those who stay are well", `${missing.join()} do not serve`);
    }
    // One that does not answer cannot be told from one that is dead.
    if (!serving.includes(sid) || this.#silent.has(sid)) return;
    for (let member = firstSid; member < firstSid + wanted.replicas; member += 1) {
      if (!serving.includes(member)) throw new Violation(rule, `Member ${member} has no vote yet`);
    }
  }

  /** Whoever deletes an import must not take votes along that others count on. */
  #checkRelease(): void {
    const { config } = this.#ensemble;
    const all = [...(config?.voters ?? []), ...(config?.observers ?? [])];
    const staying = all.filter((sid) => !this.#old.includes(sid));
    if (config !== null && (staying.length === 0 || staying.length === all.length)) return;
    if (this.#kube.pods.size === 0) return;
    throw new Violation("a member leaves before its pod", `${staying.join()} have not left`);
  }

  #checkClaim(sid: number): void {
    const rule = "a volume goes last";
    const { config } = this.#ensemble;
    if (config === null) throw new Violation(rule, "There is no quorum");
    if ([...config.voters, ...config.observers].includes(sid)) {
      throw new Violation(rule, `Member ${sid} has not left`);
    }
    if (this.#kube.pods.has(sid)) throw new Violation(rule, `Member ${sid} has a pod`);
  }
}

/**
 * What happens to an ensemble: members die, pods are evicted, volumes vanish, nodes are full,
 * members do not answer, and users change their minds or things that are not theirs. All of it can
 * be survived: a volume vanishes only while all other voters have everything, since nobody could
 * help it otherwise.
 */
import type { Random } from "../../../src/base/index.ts";
import { Disk } from "./disk.ts";
import type { EnsembleModel } from "./ensemble-model.ts";
import type { KubeModel } from "./kube-model.ts";
import type { OldServers } from "./old-servers.ts";
import type { SimOptions } from "./options.ts";

/** What has troubles. */
export interface TroubledModels {
  readonly kube: KubeModel;
  readonly ensemble: EnsembleModel;
  readonly old: OldServers;
}

export class Troubles {
  /** Members that do not answer the operator. */
  readonly silent = new Set<number>();
  readonly #random: Random;
  readonly #options: SimOptions;
  readonly #kube: KubeModel;
  readonly #ensemble: EnsembleModel;

  readonly #old: OldServers;
  #isRecovering = false;

  constructor(random: Random, options: SimOptions, models: TroubledModels) {
    this.#random = random;
    this.#options = options;
    this.#kube = models.kube;
    this.#ensemble = models.ensemble;
    this.#old = models.old;
  }

  tick(tick: number): void {
    const { pods, claims } = this.#kube;
    const options = this.#options;
    if (this.#isTime(options.crashChance)) this.#kube.crash(tick, this.#pick([...pods.keys()]));
    if (this.#isTime(options.evictionChance)) this.#kube.endPod(tick, this.#pick([...pods.keys()]));
    if (this.#isTime(options.volumeLossChance)) {
      this.#loseVolume(tick, this.#pick([...claims.keys()]));
    }
    if (this.#isTime(options.silenceChance)) this.silent.add(this.#pick([...pods.keys()]));
    for (const sid of this.silent) if (this.#isTime(0.2)) this.silent.delete(sid);
    for (const pod of pods.values()) {
      if (pod.state !== "pending") continue;
      if (this.#isTime(options.unschedulableChance)) pod.isSchedulable = false;
      else if (this.#isTime(0.1)) pod.isSchedulable = true;
    }
    if (this.#old.sids.length > 0) this.#troubleOldServers(tick);
    if (this.#isTime(options.handChance)) this.#meddle();
    if (this.#isTime(options.editChance)) this.#edit();
    // An ensemble that is still forming has nothing that could be lost, and may have to begin anew.
    const { phase, ensembleUid } = this.#kube.recorded;
    // Nor does anybody do so while volumes of a lost ensemble and of the recovered one are mixed.
    const isOne = [...claims.values()].every(
      (claim) => (claim.ensembleUid ?? ensembleUid) === ensembleUid,
    );
    const isRunning = phase === "Running" && isOne && !this.#isRecovering;
    if (isRunning && this.#isTime(options.recreationChance)) this.#kube.recreate();
    if (options.hastyChance > 0 && this.#isTime(options.hastyChance)) this.#consentHastily();
  }

  /**
   * A majority of the voters lose their volumes for good, and the user recovers what is left.
   * Whether there was one that could: a
   * member that is alone has nobody to survive it.
   */
  loseQuorum(tick: number): boolean {
    const { claims } = this.#kube;
    const voters = [...(this.#ensemble.config?.voters ?? [])];
    if (voters.length < 2) return false;
    this.#isRecovering = true;
    const keptCount = 1 + Math.floor(this.#random.next() * Math.floor(voters.length / 2));
    while (voters.length > keptCount) {
      const sid = this.#pick(voters);
      voters.splice(voters.indexOf(sid), 1);
      const claim = claims.get(sid);
      this.#kube.endPod(tick, sid);
      if (claim === undefined) continue;
      // Somebody deletes the claim, or another volume is bound to it.
      if (this.#isTime(0.5)) claim.state = "terminating";
      else claims.set(sid, this.#kube.newClaim(claim.request));
    }
    return true;
  }

  /** The user goes on with the member that has most, of those that say what they have. */
  consent(): void {
    const { recorded, spec } = this.#kube;
    if (recorded.phase !== "Running" || this.#ensemble.leaderSid !== null) return;
    const reports = [...this.#kube.pods.keys()].flatMap((sid) => {
      const report = sid > 100 ? null : this.#ensemble.reportOf(sid);
      return report === null || report.diskProblem !== null ? [] : [{ sid, zxid: report.zxid }];
    });
    const [best] = reports.sort((left, right) => Number(right.zxid - left.zxid));
    if (best === undefined) return;
    this.#accept(best.sid, best.zxid, spec);
  }

  /** A user does not wait for members to come back, and takes any of them for the survivor. */
  #consentHastily(): void {
    const { pods, spec } = this.#kube;
    const sid = this.#pick([...pods.keys()].filter((each) => each <= 100));
    const zxid = this.#ensemble.reportOf(sid)?.zxid;
    if (zxid !== undefined) this.#accept(sid, zxid, spec);
  }

  #accept(survivor: number, zxid: bigint, spec: KubeModel["spec"]): void {
    const ensembleUid = this.#kube.recorded.ensembleUid ?? "";
    const recovery = { survivor, ensembleUid, zxid, acceptsLoss: true };
    this.#kube.spec = { ...spec, wanted: { ...spec.wanted, recovery } };
  }

  #troubleOldServers(tick: number): void {
    const { crashChance, silenceChance, canLoseOldServer, editChance } = this.#options;
    const sid = this.#pick(this.#old.sids);
    if (this.#isTime(crashChance)) this.#old.crash(tick, sid);
    if (this.#isTime(silenceChance)) this.silent.add(sid);
    if (canLoseOldServer && this.#isTime(0.02)) this.#old.die(sid);
    if (!this.#isTime(editChance)) return;
    const { spec } = this.#kube;
    const takesOver = spec.wanted.import?.takesOver !== true;
    this.#kube.spec = { ...spec, wanted: { ...spec.wanted, import: { takesOver } } };
  }

  /** All that is broken gets repaired, and the specification is one that can be met. */
  end(tick: number): void {
    const { pods, claims, spec, defects } = this.#kube;
    this.silent.clear();
    for (const pod of pods.values()) pod.isSchedulable = true;
    for (const [sid, claim] of claims) {
      if (!claim.disk.isForeign) continue;
      claim.state = "terminating";
      this.#kube.endPod(tick, sid);
    }
    const revision = defects.has(spec.revision) ? spec.revision + 1 : spec.revision;
    const goOn = { isPaused: false, isHibernated: false };
    const isImport = spec.wanted.import !== null;
    const wanted = { ...spec.wanted, ...goOn, import: isImport ? { takesOver: true } : null };
    this.#kube.spec = { ...spec, wanted, revision };
  }

  /** A volume and its pod vanish, and maybe somebody puts another volume in its place. */
  #loseVolume(tick: number, sid: number): void {
    const { claims, foundingUntilTick } = this.#kube;
    const { config } = this.#ensemble;
    const claim = claims.get(sid);
    if (claim === undefined || config === null || tick <= foundingUntilTick) return;
    const others = config.voters.filter((voter) => voter !== sid);
    if (others.length < config.voters.length && others.length < 2) return;
    const serving = this.#ensemble.servingVoters();
    const isSpare = others.every(
      (voter) =>
        serving.includes(voter) &&
        this.#ensemble.isLevel(voter) &&
        claims.get(voter)?.state === "bound",
    );
    if (!isSpare) return;
    if (this.#isTime(0.3)) {
      // Deleted, and in use until the pod ends.
      claim.state = "terminating";
      return;
    }
    this.#kube.endPod(tick, sid);
    const disk = new Disk();
    disk.isForeign = this.#isTime(0.1);
    claims.set(sid, { ...this.#kube.newClaim(claim.request), disk });
  }

  /** Somebody resizes a StatefulSet, or deletes it. */
  #meddle(): void {
    const { children } = this.#kube;
    const { members } = children.sizes;
    if (members === null) return;
    if (this.#isTime(0.3)) {
      this.#kube.deleteSet("members", "Background");
      return;
    }
    const changed = Math.floor(this.#random.next() * (members + 2));
    this.#kube.children = { ...children, sizes: { ...children.sizes, members: changed } };
  }

  #edit(): void {
    const { spec, defects } = this.#kube;
    const { wanted } = spec;
    const roll = this.#random.next();
    if (roll < 0.35) {
      const replicas = 1 + Math.floor(this.#random.next() * 5);
      this.#kube.spec = { ...spec, wanted: { ...wanted, replicas } };
    } else if (roll < 0.45) {
      const observers = Math.floor(this.#random.next() * 3);
      this.#kube.spec = { ...spec, wanted: { ...wanted, observers } };
    } else if (roll < 0.55) {
      this.#kube.spec = { ...spec, volumeSize: spec.volumeSize + 1 };
    } else if (roll < 0.8) {
      const revision = spec.revision + 1;
      if (this.#isTime(this.#options.badImageChance)) {
        defects.set(revision, this.#isTime(0.5) ? "imageUnavailable" : "crashLooping");
      }
      this.#kube.spec = { ...spec, revision };
    } else if (roll < 0.85) {
      this.#kube.spec = { ...spec, wanted: { ...wanted, isPaused: !wanted.isPaused } };
    } else if (roll < 0.95) {
      this.#kube.spec = { ...spec, wanted: { ...wanted, isHibernated: !wanted.isHibernated } };
    } else {
      const whenScaled = wanted.retention.whenScaled === "Delete" ? "Retain" : "Delete";
      const retention = { ...wanted.retention, whenScaled } as const;
      this.#kube.spec = { ...spec, wanted: { ...wanted, retention } };
    }
  }

  #isTime(chance: number): boolean {
    return this.#random.next() < chance;
  }

  #pick(sids: readonly number[]): number {
    return sids[Math.floor(this.#random.next() * sids.length)] ?? 0;
  }
}

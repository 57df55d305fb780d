/**
 * The members of one ensemble without servers: who has which data, who is in the membership, who
 * leads. It does what members do (form once, elect, catch up, refuse a reconfiguration that was
 * decided on an old membership) one step at a time, and notices when the voters lose their quorum.
 */

import { OperatorError } from "../../../../src/operator/index.ts";
import type { ReasonOf } from "../../../../src/operator/api/conditions.ts";
import type {
  ImportReading,
  Membership,
  ObservedReport,
} from "../../../../src/operator/plan/ensemble-observed.ts";
import type {
  EnsembleTarget,
  ImportSource,
  MemberAccess,
} from "../../../../src/operator/reconcile/member-access.ts";

interface Volume {
  ensembleUid: string | null;
  /** Whether it has all data. */
  isComplete: boolean;
  /** Whether its server may form an ensemble from it, as it was told when it started. */
  mayFound: boolean;
}

/** What a pod of a member is told by its ConfigMap. */
export interface MemberSettings {
  readonly ensembleUid: string;
  readonly founders: readonly number[];
  /** Stands for its settings. */
  readonly digest: string;
  /** Whether they wait for its restart. @default false */
  readonly awaitRestart?: boolean;
}

/** The identity of servers that are not of this ensemble; they do not say it. */
const ELSEWHERE = "elsewhere";

export class FakeMembers implements MemberAccess {
  committed: Membership | null = null;
  leader: number | null = null;
  epoch = 0;
  /** Elections without a hand-over. */
  elections = 0;
  /** Times that a formed ensemble had no quorum. */
  quorumLosses = 0;
  /** Ensembles that were founded. */
  foundings = 0;
  /** How often they were asked for their membership. */
  membershipReadings = 0;
  /** What members were asked to do, in order. */
  readonly deeds: string[] = [];
  /** Refuses what it is asked to do. */
  refuses = false;
  /** Members that do not serve, though their process runs. */
  readonly stuck = new Set<number>();
  /** Members that do not look at settings that are written while they run. */
  readonly inattentive = new Set<number>();
  /** Members that need a restart for any other setting. */
  readonly inflexible = new Set<number>();
  readonly #volumes = new Map<number, Volume>();
  readonly #old = new Set<number>();
  /** Why they cannot be joined, and the login that they were asked with last. */
  importProblem: ReasonOf<"Imported"> | null = null;
  importLogin: string | null = null;
  readonly #alive = new Map<number, MemberSettings>();
  #hadQuorum = false;

  /** The ids of the members whose process runs. */
  get alive(): number[] {
    return [...this.#alive.keys()].sort((left, right) => left - right);
  }

  /** Whether a member serves clients. */
  isServing(sid: number): boolean {
    return this.#alive.has(sid) && this.leader !== null && this.#isSynced(sid);
  }

  /** Servers of another ensemble, with ids from 1, that nobody here has started. */
  beginElsewhere(count: number): void {
    const old = Array.from({ length: count }, (_, index) => index + 1);
    for (const sid of old) {
      this.#old.add(sid);
      this.#alive.set(sid, { ensembleUid: ELSEWHERE, founders: [], digest: "" });
      this.#volumes.set(sid, { ensembleUid: ELSEWHERE, isComplete: true, mayFound: false });
    }
    this.committed = { version: 1n, voters: old, observers: [] };
    this.#elect();
  }

  /** A pod came up. */
  start(sid: number, settings: MemberSettings): void {
    this.#alive.set(sid, settings);
    const volume = this.#volumeOf(sid);
    volume.mayFound = volume.ensembleUid === null && settings.founders.includes(sid);
  }

  /** Other settings were written for it while it runs. */
  mount(sid: number, { digest }: MemberSettings): void {
    const settings = this.#alive.get(sid);
    if (settings === undefined || this.inattentive.has(sid)) return;
    const isOther = digest !== settings.digest;
    const awaitRestart = settings.awaitRestart || (isOther && this.inflexible.has(sid));
    this.#alive.set(sid, { ...settings, digest, awaitRestart });
  }

  /** A pod went; a leader that is asked to stop hands over if it can. */
  stop(sid: number): void {
    if (!this.#alive.delete(sid) || this.leader !== sid) return;
    this.leader = null;
    this.elections += 1;
    this.step();
  }

  /** A volume is lost, with its server running on. */
  wipe(sid: number): void {
    this.#volumes.set(sid, { ensembleUid: null, isComplete: false, mayFound: false });
  }

  forgetVolume(sid: number): void {
    this.#volumes.delete(sid);
  }

  /** What members do by themselves meanwhile. */
  step(): void {
    this.#found();
    this.#elect();
    if (this.leader === null) return;
    for (const [sid, { ensembleUid }] of this.#alive) {
      const volume = this.#volumeOf(sid);
      if (volume.ensembleUid === null) volume.ensembleUid = ensembleUid;
      else if (volume.ensembleUid === ensembleUid) volume.isComplete = true;
    }
  }

  readReports({ members, imported }: EnsembleTarget): Promise<ReadonlyMap<number, ObservedReport>> {
    const all = [...members, ...(imported?.servers ?? [])];
    const asked = all.filter(({ sid }) => this.#alive.has(sid));
    return Promise.resolve(new Map(asked.map(({ sid }) => [sid, this.#report(sid)])));
  }

  readMembership(): Promise<Membership | null> {
    this.membershipReadings += 1;
    return Promise.resolve(this.leader === null ? null : this.committed);
  }

  readImport({ servers, credentials }: ImportSource): Promise<ImportReading> {
    this.importLogin = credentials;
    if (this.importProblem !== null) {
      const message = "They cannot be joined as they are";
      return Promise.resolve({ kind: "problem", reason: this.importProblem, message });
    }
    const found = [...this.#old].map((sid, index) => {
      const line = `server.${String(sid)}=old${String(sid)}:2888:3888:participant;2181`;
      return { sid, address: servers[index] ?? "", line };
    });
    return Promise.resolve({ kind: "servers", servers: found });
  }

  addMember(
    _target: EnsembleTarget,
    { sid, role, fromVersion }: { sid: number; role: string; fromVersion: bigint },
  ): Promise<void> {
    return this.#change(`add ${String(sid)} as ${role}`, fromVersion, ({ voters, observers }) => ({
      voters: role === "participant" ? [...voters, sid] : voters,
      observers: role === "observer" ? [...observers, sid] : observers,
    }));
  }

  removeMember(
    _target: EnsembleTarget,
    { sid, fromVersion }: { sid: number; fromVersion: bigint },
  ): Promise<void> {
    return this.#change(`remove ${String(sid)}`, fromVersion, ({ voters, observers }) => ({
      voters: voters.filter((one) => one !== sid),
      observers: observers.filter((one) => one !== sid),
    }));
  }

  transferLeadership(
    _target: EnsembleTarget,
    { from, to }: { from: number; to: number },
  ): Promise<void> {
    if (this.refuses || this.leader !== from) return Promise.reject(refusal());
    this.deeds.push(`lead ${String(to)}`);
    this.leader = to;
    this.epoch += 1;
    return Promise.resolve();
  }

  #change(
    deed: string,
    fromVersion: bigint,
    next: (membership: Membership) => Omit<Membership, "version">,
  ): Promise<void> {
    const { committed } = this;
    const isRefused = this.refuses || this.leader === null || committed?.version !== fromVersion;
    if (isRefused) return Promise.reject(refusal());
    this.deeds.push(deed);
    this.committed = { ...next(committed), version: committed.version + 1n };
    this.#elect();
    return Promise.resolve();
  }

  /** A majority of founders with empty volumes forms an ensemble, whether there is one or not. */
  #found(): void {
    const [settings] = this.#alive.values();
    const founders = settings?.founders ?? [];
    const empty = founders.filter((sid) => this.#alive.has(sid) && this.#volumeOf(sid).mayFound);
    if (settings === undefined || empty.length * 2 <= founders.length) return;
    this.foundings += 1;
    this.committed = { version: 1n, voters: founders, observers: [] };
    for (const sid of empty) {
      const { ensembleUid } = settings;
      this.#volumes.set(sid, { ensembleUid, isComplete: true, mayFound: false });
    }
  }

  #elect(): void {
    if (this.committed === null) return;
    const { voters } = this.committed;
    const able = voters.filter((sid) => this.#alive.has(sid) && this.#isSynced(sid));
    if (able.length * 2 <= voters.length) {
      this.leader = null;
      if (this.#hadQuorum) this.quorumLosses += 1;
      this.#hadQuorum = false;
      return;
    }
    this.#hadQuorum = true;
    if (this.leader !== null && able.includes(this.leader)) return;
    this.leader = Math.max(...able);
    this.epoch += 1;
  }

  #report(sid: number): ObservedReport {
    const { ensembleUid } = this.#volumeOf(sid);
    const isVoter = this.committed?.voters.includes(sid) === true;
    const isServing = this.isServing(sid);
    const role = sid === this.leader ? "leader" : isVoter ? "follower" : "observer";
    return {
      role: isServing ? role : "none",
      zxid: 100n,
      epoch: this.epoch,
      lag: isServing ? 0 : null,
      configVersion: this.committed?.version ?? 0n,
      voters: this.committed?.voters ?? null,
      isSynced: isServing,
      ensembleUid: this.#old.has(sid) ? null : ensembleUid,
      diskProblem: null,
      ...(this.#old.has(sid) ? {} : { settings: this.#settingsOf(sid) }),
    };
  }

  #settingsOf(sid: number): ObservedReport["settings"] {
    const { digest = "", awaitRestart = false } = this.#alive.get(sid) ?? {};
    return { digest, awaitsRestart: awaitRestart };
  }

  #isSynced(sid: number): boolean {
    return this.#volumeOf(sid).isComplete && !this.stuck.has(sid);
  }

  #volumeOf(sid: number): Volume {
    const volume = this.#volumes.get(sid);
    if (volume !== undefined) return volume;
    this.wipe(sid);
    return this.#volumeOf(sid);
  }
}

function refusal(): OperatorError {
  return new OperatorError("MEMBERS_REFUSED", "The membership is another by now");
}

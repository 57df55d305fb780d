/**
 * What the planner of whole ensembles is told: what the operator has written down, what the API
 * server says of pods and volumes, and what the members say of themselves. Any of it may be some
 * moments old; that is why actions name what they were decided on.
 *
 * Members are known by their server ids: the pod with ordinal n of the members is n + 1, and that
 * of the observers n + 101. A member of the first kind gets its vote when it joins the committed
 * membership, not when its pod starts. Ordinals begin after the ids of imported servers.
 */
import type { ReasonOf } from "../api/conditions.ts";

/** The two sets of pods. */
export type Component = "members" | "observers";

/** How many pods each set has. */
export interface Sizes {
  readonly members: number;
  readonly observers: number;
}

/** A server of the ensemble that is imported, as it was found. */
export interface ImportedServer {
  readonly sid: number;
  /** Where it serves clients: a name or address, and a port. */
  readonly address: string;
  /** Its line `server.N=…`, by which members find it. */
  readonly line: string;
}

/** What was found of the ensemble that is to be imported. */
export type ImportReading =
  | { readonly kind: "servers"; readonly servers: readonly ImportedServer[] }
  /** It cannot be imported as it is. */
  | { readonly kind: "problem"; readonly reason: ReasonOf<"Imported">; readonly message: string };

/** A recovery from the loss of a quorum, as it was decided. */
export interface RecordedRecovery {
  /** The member whose data the ensemble goes on with. */
  readonly survivor: number;
  /** The identity that the ensemble had before; members with a volume of it begin empty. */
  readonly lostUid: string;
  /** The survivor's last transaction. */
  readonly zxid: bigint;
  /** What the others were last known to have, by ascending id; null if that is not known. */
  readonly others: readonly { readonly sid: number; readonly zxid: bigint | null }[];
}

/** What the operator has written down in the status, and nobody else can know. */
export interface Recorded {
  /**
   * Forming from before the first pod until a quorum has served, or Importing until the servers of
   * another ensemble have left; Running ever after, but for a recovery: Recovering until its
   * survivor serves. Null before anything was made.
   */
  readonly phase: "Forming" | "Importing" | "Running" | "Recovering" | null;
  /** Members that may form the ensemble from empty volumes; nobody once it runs. */
  readonly founders: readonly number[];
  /** The identity that every volume of this ensemble has. */
  readonly ensembleUid: string | null;
  /**
   * Pods that there are to be, written down before they are made and after they have left the
   * membership. It says what to come back to after hibernation or a lost StatefulSet; while
   * members come and go one by one it is not what the specification says.
   */
  readonly sizes: Sizes;
  /** The id of the first voting member: 1, or the first one that no imported server has. */
  readonly firstSid: number;
  /** The servers that were imported, also after they have left. */
  readonly imported: readonly ImportedServer[];
  /** The last recovery, also after it is done; null if there never was one. */
  readonly recovery: RecordedRecovery | null;
}

/** The objects that the operator makes for the members, apart from pods and volumes. */
export interface ObservedChildren {
  /** Whether all are there and as the specification wants them; sizes and founding apart. */
  readonly isCurrent: boolean;
  /** Whether the StatefulSets' controller has seen their newest form, so that pods follow it. */
  readonly isSettled: boolean;
  /** Whether the members' settings allow founders to form an ensemble from empty volumes. */
  readonly isFounding: boolean;
  /** The size of each StatefulSet; null while it does not exist, as it need not without pods. */
  readonly sizes: { readonly members: number | null; readonly observers: number | null };
  /** The StatefulSets that make smaller volumes than are wanted, which no change of them mends. */
  readonly outgrown: readonly Component[];
}

/** The membership that the ensemble has agreed on. */
export interface Membership {
  /** Of the configuration; changes are made on the condition that it is still this one. */
  readonly version: bigint;
  readonly voters: readonly number[];
  readonly observers: readonly number[];
}

/** Why a pod does not run, as far as its status tells. */
export type PodTrouble =
  | "unschedulable"
  | "imageUnavailable"
  /** Its program ended because the volume has the data of another ensemble. */
  | "foreignVolume"
  | "crashLooping";

/** A pod as it is now. */
export interface ObservedPod {
  readonly uid: string;
  /** Terminating from the request to delete it until it is gone. */
  readonly state: "pending" | "running" | "terminating";
  /** Whether it is what the StatefulSet would make now. */
  readonly isCurrent: boolean;
  /** Whether Kubernetes sends clients to it. */
  readonly isReady: boolean;
  /** Restarts of its container. */
  readonly restarts: number;
  readonly trouble: PodTrouble | null;
}

/** How a volume stands to the size that is wanted. */
export type ClaimGrowth =
  /** It is as large as wanted, or larger; or it is not there yet. */
  | "none"
  /** Its claim asks for less than is wanted. */
  | "short"
  /** Its claim asks for less, and the API server has refused to let it ask for more. */
  | "refused"
  /** Its claim asks for enough, and the volume or its file system is still smaller. */
  | "underway"
  /** Its file system would grow when it is mounted anew, and has not while it is mounted. */
  | "awaitsRestart"
  /** Whoever makes volumes larger has failed to. */
  | "failed";

/** A volume claim of a member as it is now. */
export interface ObservedClaim {
  readonly name: string;
  readonly uid: string;
  /** Lost: its volume is gone for good. Terminating: deleted, but a pod still uses it. */
  readonly state: "pending" | "bound" | "lost" | "terminating";
  /** The ensemble that it has data of, as it is written on the claim; null before that. */
  readonly ensembleUid: string | null;
  readonly growth: ClaimGrowth;
  /** The id of the ensemble's first voting member, likewise; 1 unless it was imported. */
  readonly firstSid: number;
}

/** What is wrong with a member's disk, as the member says. */
export type DiskProblem =
  /** It has the data of another ensemble. */
  | "foreign"
  /** It was lost; the member has no vote until it has all data again. */
  | "incomplete"
  /** It is damaged and was set aside. */
  | "quarantined";

/** Which settings a member was given last, as it says. */
export interface ReportedSettings {
  readonly digest: string;
  /** Whether some of them take effect only at its next start. */
  readonly awaitsRestart: boolean;
}

/** What a member says of itself. */
export interface ObservedReport {
  /** None while it serves nobody; a learner is on its way to become one of the others. */
  readonly role: "leader" | "follower" | "observer" | "learner" | "none";
  /** The last transaction that it has applied. */
  readonly zxid: bigint;
  /** The epoch that it takes part in. */
  readonly epoch: number;
  /** Transactions that it is behind the leader; null if that is not known. */
  readonly lag: number | null;
  /** Version of the committed configuration that it knows. */
  readonly configVersion: bigint;
  /** Who has a vote as far as it knows; null if it does not say. */
  readonly voters: readonly number[] | null;
  /** Whether it has all that the leader had when it joined, and serves. */
  readonly isSynced: boolean;
  /** The ensemble that its volume belongs to; null if it does not say. */
  readonly ensembleUid: string | null;
  readonly diskProblem: DiskProblem | null;
  /** Absent if it does not say. */
  readonly settings?: ReportedSettings | undefined;
}

/** One member as it is now. */
export interface ObservedMember {
  readonly sid: number;
  readonly pod: ObservedPod | null;
  /** Its volume claims, those for data first. */
  readonly claims: readonly ObservedClaim[];
  /** Null when it did not answer. */
  readonly report: ObservedReport | null;
  /** The last transaction that it was known to have, as far as that was written down. */
  readonly lastZxid?: bigint | undefined;
  /** Stands for the settings that it is to have; absent if that is not known. */
  readonly settingsDigest?: string | undefined;
}

/** An ensemble as it is now. */
export interface EnsembleObserved {
  readonly recorded: Recorded;
  readonly children: ObservedChildren;
  /** As the leader says after it has asked a quorum; null when no quorum answers. */
  readonly committed: Membership | null;
  /**
   * Every member that has a pod, a claim or a place in the membership, by ascending id. One that
   * is imported has neither pod nor claim.
   */
  readonly members: readonly ObservedMember[];
  /** Hand-overs that failed in a row under the present leader. */
  readonly failedHandOvers: number;
  /** What is to be imported; only before anything was made, and if an import is asked for. */
  readonly importable: ImportReading | null;
}

/**
 * What the operator says about an ensemble, as types. `status-schema.ts` describes every field;
 * conditions and their reasons are in `conditions.ts`.
 */
import type { Condition } from "./conditions.ts";

/** What is there. */
export interface EnsembleStatus {
  readonly observedGeneration?: number;
  readonly phase?: "Forming" | "Importing" | "Running" | "Recovering";
  readonly ensembleUid?: string;
  readonly founders?: readonly number[];
  readonly sizes?: SizesStatus;
  readonly firstId?: number;
  readonly importedServers?: readonly ImportedServerStatus[];
  readonly recovery?: RecoveryStatus;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly memberSummary?: string;
  readonly selector?: string;
  readonly leader?: string;
  readonly version?: string;
  readonly target?: TargetStatus;
  readonly progress?: ProgressStatus;
  readonly members?: readonly MemberStatus[];
  readonly conditions?: readonly Condition[];
}

/** A server of the ensemble that is imported. */
export interface ImportedServerStatus {
  readonly id: number;
  readonly address: string;
  readonly line: string;
}

/** A recovery from the loss of a quorum. Zxids are hexadecimal, with 0x. */
export interface RecoveryStatus {
  readonly survivor: number;
  readonly lostEnsembleUid: string;
  readonly zxid: string;
  readonly others?: readonly { readonly id: number; readonly zxid?: string }[];
}

/** How many pods there are to be now. */
export interface SizesStatus {
  readonly members: number;
  readonly observers: number;
}

/** What is being worked towards. */
export interface TargetStatus {
  readonly generation: number;
  readonly replicas: number;
  readonly observers: number;
  readonly image?: string;
  readonly configHash?: string;
  readonly latchedAt: string;
}

/** How far it has come; not there when there is nothing to change. */
export interface ProgressStatus {
  readonly remaining: number;
  readonly since: string;
}

/** One member as it was last seen. */
export interface MemberStatus {
  readonly id: number;
  readonly name?: string;
  readonly role?: "leader" | "follower" | "observer" | "none";
  readonly zxid?: string;
  readonly lag?: number;
  readonly configVersion?: string;
  readonly ready?: boolean;
  readonly reason?: string;
}

/**
 * What the planner of whole ensembles can ask for: one action at a time. An adapter carries it out
 * and observes again, whether it seemed to succeed or not.
 *
 * Every action is decided at the last moment: the adapter observes without any cache, plans, and
 * carries out what comes out of that; a cache only tells it when to look. Besides, it passes on as
 * a condition what the action names (`uid`, `fromReplicas`, `fromVersion`) or was decided on (the
 * resource versions of the status and of StatefulSets), so that what was done already, or was
 * overtaken, is refused.
 */
import type { ReasonOf } from "../api/conditions.ts";
import type { Component, ImportedServer, Sizes } from "./ensemble-observed.ts";

/** Why a pod is deleted, for an Event; its StatefulSet makes it anew. */
export type DeletionReason =
  /** It is not what the specification wants. */
  | "OutOfDate"
  /** It is not what the specification wants, and does not serve either. */
  | "OutOfDateAndUnready"
  /** Its process ends again and again. */
  | "CrashLooping"
  /** Its volume is gone or is being deleted. */
  | "VolumeGone"
  /** Its volume has grown, and the file system on it grows when it is mounted anew. */
  | "VolumeGrown";

/** What to do next. */
export type EnsembleAction =
  /** Write down, before the first pod, who may form the ensemble and under which new identity. */
  | {
      readonly kind: "recordForming";
      readonly founders: readonly number[];
      readonly sizes: Sizes;
    }
  /** Write down that an ensemble goes on whose volumes were kept. */
  | {
      readonly kind: "recordAdopted";
      readonly ensembleUid: string;
      readonly firstSid: number;
      readonly sizes: Sizes;
    }
  /** Write down, before the first pod, which servers members join, under which new identity. */
  | {
      readonly kind: "recordImporting";
      readonly firstSid: number;
      readonly servers: readonly ImportedServer[];
      readonly sizes: Sizes;
    }
  /**
   * Write down, before anything is stopped, that the ensemble goes on with one member's data, and
   * a new identity for it: from then on no volume but the survivor's counts, wherever it was.
   */
  | {
      readonly kind: "recordRecovery";
      readonly survivor: number;
      readonly lostUid: string;
      readonly zxid: bigint;
      readonly others: readonly { readonly sid: number; readonly zxid: bigint | null }[];
    }
  /** Write down that a quorum has served: no empty volume founds anything from now on. */
  | { readonly kind: "recordRunning" }
  /** Write down how many pods there are to be. */
  | { readonly kind: "recordSizes"; readonly sizes: Sizes }
  /** Make all children as the specification wants them, with these sizes. */
  | { readonly kind: "applyChildren"; readonly sizes: Sizes; readonly isFounding: boolean }
  | {
      readonly kind: "resizeStatefulSet";
      readonly component: Component;
      readonly fromReplicas: number;
      readonly replicas: number;
    }
  /** Reconfigure: admit a member if the configuration is still of `fromVersion`. */
  | {
      readonly kind: "addMember";
      readonly sid: number;
      readonly role: "participant" | "observer";
      readonly fromVersion: bigint;
    }
  /** Reconfigure: dismiss a member if the configuration is still of `fromVersion`. */
  | { readonly kind: "removeMember"; readonly sid: number; readonly fromVersion: bigint }
  | { readonly kind: "transferLeadership"; readonly from: number; readonly to: number }
  | {
      readonly kind: "deletePod";
      readonly sid: number;
      readonly uid: string;
      readonly reason: DeletionReason;
    }
  | {
      readonly kind: "deleteClaim";
      readonly sid: number;
      readonly name: string;
      readonly uid: string;
    }
  /** Write on a claim which ensemble's data its volume has, for whoever finds it. */
  | {
      readonly kind: "markClaim";
      readonly sid: number;
      readonly name: string;
      readonly uid: string;
      readonly ensembleUid: string;
      readonly firstSid: number;
    }
  /** Have a claim ask for the size that is wanted. */
  | {
      readonly kind: "growClaim";
      readonly sid: number;
      readonly name: string;
      readonly uid: string;
    }
  /** Delete a StatefulSet and leave its pods: another one, with larger volumes, adopts them. */
  | { readonly kind: "orphanPods"; readonly component: Component }
  /** Let the object that is being deleted go. */
  | { readonly kind: "release" }
  /** Something is not as wanted and nothing is to be done now: observe again when it changes. */
  | { readonly kind: "wait" }
  /** Everything is as wanted. */
  | { readonly kind: "none" };

/** An action, and why it is the next one. */
export interface EnsembleStep {
  readonly action: EnsembleAction;
  /** One sentence for the user; it does not change while the cause stays the same. */
  readonly reason: string;
  /** What is going on, as the condition Progressing has it. */
  readonly progress: ReasonOf<"Progressing">;
}

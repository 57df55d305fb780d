/**
 * What a specification comes to for the planner of whole ensembles. How pods look is no part of
 * it: the adapter builds them, and tells the planner which of them are out of date.
 */

/** What becomes of volumes that no member uses any more. */
export type Retention = "Retain" | "Delete";

/** What a user accepts for an ensemble to go on without its quorum. */
export interface RecoveryConsent {
  /** The member that has kept its data. */
  readonly survivor: number;
  /** The ensemble that it is about. */
  readonly ensembleUid: string;
  /** The survivor's last transaction. */
  readonly zxid: bigint;
  /** Whether everything after it may be lost. */
  readonly acceptsLoss: boolean;
}

/** What is wanted of an ensemble. */
export interface EnsembleWanted {
  /** Voting members, 1 to 99. */
  readonly replicas: number;
  /** Members without a vote, 0 to 99. */
  readonly observers: number;
  /** Whether the operator only looks on. */
  readonly isPaused: boolean;
  /** Whether all members are stopped, with their volumes kept. */
  readonly isHibernated: boolean;
  /** Whether the object is being deleted and waits for the operator to let it go. */
  readonly isDeleted: boolean;
  /** How servers of another ensemble are taken over; null if it is not to begin so. */
  readonly import: {
    /** Whether those servers are to leave when all members have joined. */
    readonly takesOver: boolean;
  } | null;
  /** Null as long as nothing has to be recovered. */
  readonly recovery: RecoveryConsent | null;
  readonly retention: { readonly whenScaled: Retention; readonly whenDeleted: Retention };
}

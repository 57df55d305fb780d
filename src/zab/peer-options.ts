/**
 * What a peer must be told at its start: who it is, who votes, how long it waits, and what its
 * disk held. Times are milliseconds on the clock whose readings are given to `tick`.
 */
import type { Logger } from "../observe/index.ts";
import type { VolumeRecord } from "../wire/index.ts";
import type { HistoryEntry, HistoryLimits } from "./history.ts";
import type { Membership } from "./membership.ts";
import type { ObserverOptions } from "./observer-options.ts";
import type { QuorumRule } from "./quorum.ts";

/** How long a peer waits for what. */
export interface PeerTiming {
  /** Heartbeats go out every half tick. */
  readonly tickMs: number;
  /** Ticks that joining (discovery and synchronisation) may take. */
  readonly initLimitTicks: number;
  /** How long a leader waits for voters to agree on an epoch; undefined for initLimit. */
  readonly epochWaitMs?: number | undefined;
  /** Ticks of silence after which a link is given up. */
  readonly syncLimitTicks: number;
  /** Wait for better votes once a quorum agrees. */
  readonly finalizeWaitMs: number;
  /** First and longest pause before votes are sent again; the pause doubles. */
  readonly rebroadcastMinMs: number;
  readonly rebroadcastMaxMs: number;
  /** Pause between attempts to reach an elected leader, and how many there are. */
  readonly dialRetryMs: number;
  readonly dialAttempts: number;
}

/** What a leader does for learners at the most. */
export interface LearnerLimits {
  /**
   * Bytes that may wait for a learner before it is dropped; four times as many if the quorum would
   * be lost with it.
   */
  readonly queuedBytesMax: number;
  /** Observers that are sent a snapshot, or transactions, at a time; others wait for their turn. */
  readonly snapshotsMax: number;
  readonly diffsMax: number;
}

/** ZooKeeper's own values, and no limit where it has none. */
export const defaultLearnerLimits: LearnerLimits = {
  queuedBytesMax: Infinity,
  snapshotsMax: 10,
  diffsMax: 100,
};

/** ZooKeeper's own values. */
export const defaultTiming: PeerTiming = {
  tickMs: 2000,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  finalizeWaitMs: 200,
  rebroadcastMinMs: 200,
  rebroadcastMaxMs: 60_000,
  dialRetryMs: 50,
  dialAttempts: 20,
};

/** What the disk held when the peer started. */
export interface PeerDisk {
  /** zxid of the newest transaction in log or snapshot; -1 on an incomplete disk without any. */
  readonly lastZxid: bigint;
  /** The newest transactions, oldest first, ending at `lastZxid`; may be empty. */
  readonly recent: readonly HistoryEntry[];
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /** @default that of a disk which is whole and belongs to no named ensemble */
  readonly volume?: VolumeRecord;
}

export interface PeerOptions {
  readonly sid: bigint;
  /** The configuration in force: what `active-config` made durable, if newer than one's files. */
  readonly membership: Membership;
  /**
   * The newest configuration in log or state, whether committed or not. It counts only when it is
   * newer than `membership`. @default none
   */
  readonly lastSeen?: Membership;
  /**
   * Whether configurations change. If not, those of others are ignored, as with ZooKeeper's
   * `reconfigEnabled=false`. @default false
   */
  readonly reconfigEnabled?: boolean;
  readonly timing: PeerTiming;
  readonly historyLimits: HistoryLimits;
  /** @default defaultLearnerLimits */
  readonly learnerLimits?: LearnerLimits;
  readonly disk: PeerDisk;
  readonly logger: Logger;
  /** Injected so that the simulator can show that it notices a broken rule. */
  readonly quorumRule?: QuorumRule;
  /** @default noMasters */
  readonly observers?: ObserverOptions | undefined;
  /** zxid counter at which a leader resigns so that a new epoch begins. @default 0xffffffff */
  readonly counterMax?: number;
  /** Identity for an ensemble that begins with this server as its first leader. @default none */
  readonly newEnsembleId?: string | undefined;
}

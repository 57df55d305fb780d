/**
 * What the parts of a peer share: its identity, its history and epochs, and the outbox. The peer
 * owns it; the role in force (election, leader, learner) works on it.
 */
import type { Logger } from "../observe/index.ts";
import { assert } from "../base/index.ts";
import type { QuorumPacket, VolumeRecord } from "../wire/index.ts";
import type { Configurations } from "./configurations.ts";
import type { History, HistoryEntry } from "./history.ts";
import type { MasterRotation } from "./master-rotation.ts";
import type { ObserverOptions } from "./observer-options.ts";
import type { LearnerLimits, PeerTiming } from "./peer-options.ts";
import type { Voters } from "./quorum.ts";
import type { DiskOp, LinkId, Outbox, Role } from "./ready.ts";
import type { RenewalPace } from "./renewal-pace.ts";
import type { Candidate } from "./vote.ts";

export interface PeerContext {
  readonly sid: bigint;
  readonly configs: Configurations;
  /** Those of `configs`, which change. */
  readonly voters: Voters;
  readonly timing: PeerTiming;
  readonly learnerLimits: LearnerLimits;
  readonly observers: ObserverOptions;
  /** The followers that this server tries as an observer. */
  readonly masters: MasterRotation;
  readonly counterMax: number;
  readonly logger: Logger;
  readonly outbox: Outbox;
  /** All that has been delivered. */
  readonly history: History;
  /** Highest epoch this server promised to follow; as of the operations already handed out. */
  acceptedEpoch: number;
  /** Epoch whose initial history this server holds; likewise. */
  currentEpoch: number;
  /** What the disk says of itself; likewise. */
  volume: VolumeRecord;
  readonly newEnsembleId: string | undefined;
  /** Why the last leader that was found cannot be followed, if this will not pass by itself. */
  rejection: Rejection | undefined;
  /** When this server, as a leader, may end for one of a later epoch. */
  readonly renewals: RenewalPace;
  /** Time of the current input. */
  nowMs: number;
}

/** Why a server does not follow the leader that it has found. */
export interface Rejection {
  /** Its disk belongs to another ensemble, or holds a history that comes after the leader's. */
  readonly code: "wrong-ensemble" | "later-history";
  readonly reason: string;
}

/** Whom a leader that hands over wants to be elected. */
export interface Successor extends Candidate {
  /** Voters that can be expected to take part; with all their votes an election is decided. */
  readonly voters: readonly bigint[];
}

/** What a role in force can be told; the other end is always the current time of the context. */
export interface RoleMachine {
  tick(): void;
  linkOpened(link: LinkId): void;
  linkClosed(link: LinkId): void;
  /** Bytes have moved on a link. */
  linkProgress(link: LinkId): void;
  receivePacket(link: LinkId, packet: QuorumPacket): void;
  /** `op` was started by this role and is durable now. */
  durable(op: DiskOp): void;
  /** Set once the role is over, with the reason: the peer goes looking. */
  readonly over: string | undefined;
  /**
   * Set when the role ends in a hand-over: all is committed, and nothing more happens. It serves
   * until what it has delivered is handed out, so that clients get their answers.
   */
  readonly successor: Successor | undefined;
  /** Whom to follow (or that this server is to lead) by a reconfiguration, without an election. */
  readonly designated: bigint | undefined;
  /** Logged transactions that were never committed here, in order, for the peer to take over. */
  undecided(): readonly HistoryEntry[];
  /** Links to close when the role ends. */
  links(): Iterable<LinkId>;
}

export function appendToLog(context: PeerContext, entry: HistoryEntry): DiskOp {
  return startDiskOp(context, { seq: context.outbox.nextSeq(), kind: "append", entry });
}

export function startDiskOp(context: PeerContext, op: DiskOp): DiskOp {
  context.outbox.pending.disk.push(op);
  return op;
}

/** Promises to follow no epoch below `epoch`; in force once the operation is durable. */
export function acceptEpoch(context: PeerContext, epoch: number): DiskOp {
  assert(epoch >= context.acceptedEpoch, "the accepted epoch only grows");
  context.acceptedEpoch = epoch;
  return startDiskOp(context, { seq: context.outbox.nextSeq(), kind: "accepted-epoch", epoch });
}

/** States that this server holds the initial history of `epoch`. */
export function enterEpoch(context: PeerContext, epoch: number): DiskOp {
  assert(epoch >= context.currentEpoch, "the current epoch only grows");
  assert(epoch <= context.acceptedEpoch, "an epoch is accepted before it is entered");
  context.currentEpoch = epoch;
  return startDiskOp(context, { seq: context.outbox.nextSeq(), kind: "current-epoch", epoch });
}

/** Has the disk say something else of itself. */
export function saveVolume(context: PeerContext, changes: Partial<VolumeRecord>): DiskOp {
  context.volume = { ...context.volume, ...changes };
  const { outbox, volume: record } = context;
  return startDiskOp(context, { seq: outbox.nextSeq(), kind: "volume", record });
}

/** Whether this server counts for quorums: as a voter whose disk is whole. */
export function hasVote({ voters, sid, volume }: PeerContext): boolean {
  return voters.has(sid) && !volume.isIncomplete;
}

/** Whether this server gets what is committed, and acknowledges nothing. */
export function isObserver({ configs, sid, volume }: PeerContext): boolean {
  return volume.isIncomplete || configs.isObserver(sid);
}

/**
 * How long this server has to wait before it turns to others, if it is an observer: those that have
 * lost the same server do not all come to the next one at the same moment.
 */
export function observerPauseMs({ observers, configs, sid }: PeerContext, maxMs: number): number {
  return configs.isObserver(sid) ? observers.random.next() * maxMs : 0;
}

/** Makes a transaction part of the state. */
export function deliver(context: PeerContext, entry: HistoryEntry): void {
  context.history.push(entry);
  context.outbox.pending.deliver.push(entry);
}

/** Reports that this server has become fit for clients; no leader is refused any more. */
export function announceService(
  context: PeerContext,
  role: Role,
  epoch: number,
  leader: bigint,
): void {
  context.rejection = undefined;
  const { events } = context.outbox.pending;
  events.push({ kind: "role", role, serving: true, epoch, leader, isHandOver: false });
}

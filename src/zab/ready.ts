/**
 * What the replication core asks of whoever drives it, and what it is told in return. The core
 * has no sockets, files or clocks; a driver (the real server, or the simulator) carries the lists
 * out. A driver's turn:
 *
 *     peer.tick(now); peer.receivePacket(...); ...      // inputs of this turn
 *     const ready = peer.ready();
 *     1. start `ready.disk` in order (later operations may gather behind a running one)
 *     2. apply `ready.deliver` to the state, in order, and answer each of `ready.syncs` when so
 *        many of them have been applied: neither earlier nor later
 *     3. carry out `ready.dials` and `ready.lookups`, then queue `ready.sends` in order, then
 *        `ready.closes`
 *     4. send `ready.notifications`
 *     5. handle `ready.events` in order
 *
 * and, whenever the disk has made operations durable, `peer.persisted(seq)`; whenever the other
 * end of a link has taken bytes that waited for it, or a snapshot that comes on it has got on,
 * `peer.linkProgress(link)`; and when much waits for a link, `peer.linkOverfull(link, bytes)`.
 *
 * Nothing that depends on durability is in the lists before the core was told of it, so the order
 * of steps 1 to 4 is a matter of speed, not of safety. Operations become durable in order:
 * `persisted(seq)` means all up to `seq`.
 *
 * A role that ends leaves a tail of transactions that are logged but not decided. They are in
 * `deliver` like the others, and may be cut off again by a later leader: nobody may be told that
 * they succeeded. While `peer.isServing` is true after `ready()`, all that was delivered is
 * decided; when it is false, nothing in that `deliver` may be acknowledged to clients.
 */
import { PacketType } from "../wire/index.ts";
import type { Notification, QuorumPacket, VolumeRecord } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";
import type { Membership } from "./membership.ts";

/** Names one connection of the quorum port for its lifetime; chosen by the driver for inbound. */
export type LinkId = number;

/** Something to be made durable. `seq` ascends by one. */
export type DiskOp =
  | { readonly seq: number; readonly kind: "append"; readonly entry: HistoryEntry }
  /**
   * Drop all transactions above `zxid` from the disk and rebuild the state from what is left.
   * Answered by `replaced` with the zxid that the disk really ends at. A disk that has no state
   * so old must stay as it is and say where it ends: what a server has acknowledged may not
   * leave its disk before something is there in its stead.
   */
  | { readonly seq: number; readonly kind: "truncate"; readonly zxid: bigint }
  /**
   * Replace state and disk by the snapshot that is coming on `link`, in one step: after a crash the
   * disk has either what it had before or the snapshot. Answered by `replaced` with `zxid`, or,
   * when the link goes before the snapshot is whole, with where the disk ends as it is; the state
   * is then that of the disk.
   */
  | {
      readonly seq: number;
      readonly kind: "install-snapshot";
      readonly link: LinkId;
      readonly zxid: bigint;
    }
  | { readonly seq: number; readonly kind: "accepted-epoch"; readonly epoch: number }
  | { readonly seq: number; readonly kind: "current-epoch"; readonly epoch: number }
  /** What the disk is to say of itself. */
  | { readonly seq: number; readonly kind: "volume"; readonly record: VolumeRecord }
  /**
   * Remember the configuration that is in force: it is what `PeerOptions.membership` has to be at
   * the next start. A proposed one needs no operation of its own, since it is in the log.
   */
  | { readonly seq: number; readonly kind: "active-config"; readonly config: Membership };

/**
 * A packet for one or more links. A packet of type SNAP is to be followed by the body of a
 * snapshot of the driver's state, taken at or after the packet's zxid; later packets for that link
 * wait behind it. So they do behind the transactions of `log`.
 */
export interface Send {
  readonly links: readonly LinkId[];
  readonly packet: QuorumPacket;
  /**
   * To be followed by a PROPOSAL and a COMMIT for each transaction of the log up to this one, the
   * first being the one behind the place that `logFound` was told of for the link. When that cannot
   * be done to the end, the link is to be closed.
   */
  readonly logUpTo?: bigint;
}

/** A connection that a learner wants. */
export interface Dial {
  readonly link: LinkId;
  readonly sid: bigint;
  /** The port at which it is: that of a server that leads, or that for observers of a follower. */
  readonly to: "leader" | "observer-master";
}

/** Whoever takes learners: what their links say is told to it. */
export interface LearnerHost {
  linkOpened(link: LinkId): void;
  linkOverfull(link: LinkId, queuedBytes: number): void;
  logFound(link: LinkId, place: LogPlace | undefined): void;
}

/** Where a driver's log would go on for a learner. */
export interface LogPlace {
  /** The newest transaction of the history up to the one asked for. */
  readonly position: bigint;
  /** The one behind it; undefined when there is none. */
  readonly next: bigint | undefined;
}

/** What a peer does in the ensemble. */
export type Role = "looking" | "following" | "leading" | "observing";

/**
 * What is odd about a learner: not in the membership and served as one to come (`joiner`) or not
 * (`stranger`), of the id of another one that is well, of another ensemble, or with an accepted
 * epoch so high that the ensemble would run out of epochs.
 */
export type LearnerOddity = "joiner" | "stranger" | "duplicate" | "foreign" | "absurd-epoch";

/** Something for the layer above: sessions and requests live there. */
export type PeerEvent =
  /** The role changed, or (`serving`) became fit for clients. */
  | {
      readonly kind: "role";
      readonly role: Role;
      readonly serving: boolean;
      /** Epoch in force; meaningful while serving. */
      readonly epoch: number;
      readonly leader: bigint | undefined;
      /**
       * Looking, and the leader has handed over: every request that it took is answered, and
       * those that it did not take will never be carried out.
       */
      readonly isHandOver: boolean;
    }
  /**
   * On a learner: the leader is about to hand over. Answer with a packet of type HOLD, and send no
   * more requests behind it.
   */
  | { readonly kind: "hold" }
  /** On a leader or learner: nothing came of the hand-over; requests may go on. */
  | { readonly kind: "release" }
  /** On a learner: the client of this session has moved to another server. */
  | { readonly kind: "session-moved"; readonly sessionId: bigint }
  /** On a leader or observer master: REQUEST or REVALIDATE from a learner. */
  | { readonly kind: "packet"; readonly link: LinkId; readonly packet: QuorumPacket }
  /** On a learner: the leader's answer to a REVALIDATE. */
  | { readonly kind: "revalidated"; readonly packet: QuorumPacket }
  /** On a learner: the leader asks for the sessions that were active; answer with a PING. */
  | { readonly kind: "ping"; readonly zxid: bigint }
  /** On a leader or observer master: sessions that were active on a learner. */
  | { readonly kind: "touched"; readonly sid: bigint; readonly data: Buffer }
  /** A learner has come that somebody should know of. All but joiners are refused. */
  | {
      readonly kind: "odd-learner";
      readonly oddity: LearnerOddity;
      readonly sid: bigint;
      readonly link: LinkId;
    }
  /** A vote that no server in its right mind sends; it was ignored. */
  | { readonly kind: "odd-vote"; readonly from: bigint }
  /**
   * On a leader or observer master: a learner goes into service that knows how to keep clients
   * through a hand-over. If the leader of `fromEpoch` handed over to this one, it may have some.
   */
  | { readonly kind: "keeper-synced"; readonly link: LinkId; readonly fromEpoch: number }
  /** A learner's link is gone; for `cause` when it was ended here. */
  | {
      readonly kind: "learner-lost";
      readonly link: LinkId;
      readonly sid: bigint;
      readonly cause: DropCause | undefined;
    }
  /**
   * What is known of configurations has changed: `active` is in force, and `lastSeen`, if any, is
   * proposed and may come to be in force. Those of both are dialled from now on.
   */
  | {
      readonly kind: "config";
      readonly active: Membership;
      readonly lastSeen: Membership | undefined;
    };

/**
 * Why a learner's link is closed: it takes too little of what is sent, it says nothing, it
 * has connected again, or it does not keep to the protocol.
 */
export type DropCause = "overfull" | "silent" | "replaced" | "protocol";

/** All that anybody had been told of when a sync was asked for is in the state. */
export interface SyncAnswer {
  /** How many of this `Ready`'s `deliver` come before it. */
  readonly after: number;
  /** What `sync` was given, or `syncSent` on a learner. */
  readonly token: unknown;
}

/** Everything a driver has to do. Arrays belong to the driver once handed over. */
export interface Ready {
  readonly disk: DiskOp[];
  readonly deliver: HistoryEntry[];
  /** Ascending by `after`. */
  readonly syncs: SyncAnswer[];
  readonly dials: Dial[];
  /**
   * What the log has for a learner whose newest transaction is `zxid`: to be answered by
   * `peer.logFound`, at any time later.
   */
  readonly lookups: { readonly link: LinkId; readonly zxid: bigint }[];
  readonly sends: Send[];
  readonly closes: LinkId[];
  readonly notifications: { readonly to: bigint; readonly notification: Notification }[];
  readonly events: PeerEvent[];
}

/** Collects a `Ready` while inputs are handled. */
export class Outbox {
  #ready: Ready = emptyReady();
  #seq = 0;
  #readyCount = 0;

  /** How many `Ready` were handed out: two inputs with the same number leave in one. */
  get readyCount(): number {
    return this.#readyCount;
  }

  get lastSeq(): number {
    return this.#seq;
  }

  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  get pending(): Ready {
    return this.#ready;
  }

  send(link: LinkId, type: PacketType, zxid: bigint, data: Buffer | null = null): void {
    this.broadcast([link], type, zxid, data);
  }

  /** `links` must not be changed afterwards. */
  broadcast(
    links: readonly LinkId[],
    type: PacketType,
    zxid: bigint,
    data: Buffer | null = null,
  ): void {
    if (links.length === 0) return;
    this.#ready.sends.push({ links, packet: { type, zxid, data, authInfo: null } });
  }

  /** Takes back every SNAP that was not handed out yet. */
  dropSnapshots(): void {
    const { sends } = this.#ready;
    const kept = sends.filter(({ packet }) => packet.type !== PacketType.snap);
    if (kept.length < sends.length) sends.splice(0, sends.length, ...kept);
  }

  take(): Ready {
    const taken = this.#ready;
    this.#readyCount += 1;
    this.#ready = emptyReady();
    return taken;
  }
}

export function isEmptyReady(ready: Ready): boolean {
  return (
    ready.disk.length === 0 &&
    ready.deliver.length === 0 &&
    ready.syncs.length === 0 &&
    ready.dials.length === 0 &&
    ready.lookups.length === 0 &&
    ready.sends.length === 0 &&
    ready.closes.length === 0 &&
    ready.notifications.length === 0 &&
    ready.events.length === 0
  );
}

function emptyReady(): Ready {
  return {
    disk: [],
    deliver: [],
    syncs: [],
    dials: [],
    lookups: [],
    sends: [],
    closes: [],
    notifications: [],
    events: [],
  };
}

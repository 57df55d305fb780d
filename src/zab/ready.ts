/**
 * What the replication core asks of whoever drives it, and what it is told in return. The core
 * has no sockets, files or clocks; a driver (the real server, or the simulator) carries the lists
 * out. A driver's turn:
 *
 *     peer.tick(now); peer.receivePacket(...); ...      // inputs of this turn
 *     const ready = peer.ready();
 *     1. start `ready.disk` in order (later operations may gather behind a running one)
 *     2. apply `ready.deliver` to the state, in order
 *     3. carry out `ready.dials`, then queue `ready.sends` in order, then `ready.closes`
 *     4. send `ready.notifications`
 *     5. handle `ready.events` in order
 *
 * and, whenever the disk has made operations durable, `peer.persisted(seq)`. Nothing that depends
 * on durability is in the lists before the core was told of it, so the order of steps 1 to 4 is
 * a matter of speed, not of safety. Operations become durable in order: `persisted(seq)` means
 * all up to `seq`.
 */
import type { Notification, PacketType, QuorumPacket } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";

/** Names one connection of the quorum port for its lifetime; chosen by the driver for inbound. */
export type LinkId = number;

/** Something to be made durable. `seq` ascends by one. */
export type DiskOp =
  | { readonly seq: number; readonly kind: "append"; readonly entry: HistoryEntry }
  /**
   * Drop all transactions above `zxid` from the disk and rebuild the state from what is left.
   * Answered by `truncated` with the zxid that the disk really ends at.
   */
  | { readonly seq: number; readonly kind: "truncate"; readonly zxid: bigint }
  /** Replace state and disk by the snapshot that came on `link`. */
  | {
      readonly seq: number;
      readonly kind: "install-snapshot";
      readonly link: LinkId;
      readonly zxid: bigint;
    }
  | { readonly seq: number; readonly kind: "accepted-epoch"; readonly epoch: number }
  | { readonly seq: number; readonly kind: "current-epoch"; readonly epoch: number };

/**
 * A packet for one or more links. A packet of type SNAP is to be followed by the body of a
 * snapshot of the driver's state, taken at or after the packet's zxid; later packets for that link
 * wait behind it.
 */
export interface Send {
  readonly links: readonly LinkId[];
  readonly packet: QuorumPacket;
}

/** What a peer does in the ensemble. */
export type Role = "looking" | "following" | "leading" | "observing";

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
    }
  /** On a leader: REQUEST or REVALIDATE from a learner. On a learner: REVALIDATE or SYNC. */
  | { readonly kind: "packet"; readonly link: LinkId; readonly packet: QuorumPacket }
  /** On a learner: the leader asks for the sessions that were active; answer with a PING. */
  | { readonly kind: "ping"; readonly zxid: bigint }
  /** On a leader: sessions that were active on a learner. */
  | { readonly kind: "touched"; readonly sid: bigint; readonly data: Buffer }
  /** On a leader: all that was proposed before `sync(token)` has been committed. */
  | { readonly kind: "synced"; readonly token: unknown }
  /** On a leader: a learner's link is gone. */
  | { readonly kind: "learner-lost"; readonly link: LinkId; readonly sid: bigint };

/** Everything a driver has to do. Arrays belong to the driver once handed over. */
export interface Ready {
  readonly disk: DiskOp[];
  readonly deliver: HistoryEntry[];
  readonly dials: { readonly link: LinkId; readonly sid: bigint }[];
  readonly sends: Send[];
  readonly closes: LinkId[];
  readonly notifications: { readonly to: bigint; readonly notification: Notification }[];
  readonly events: PeerEvent[];
}

/** Collects a `Ready` while inputs are handled. */
export class Outbox {
  #ready: Ready = emptyReady();
  #seq = 0;

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

  take(): Ready {
    const taken = this.#ready;
    this.#ready = emptyReady();
    return taken;
  }
}

function emptyReady(): Ready {
  return {
    disk: [],
    deliver: [],
    dials: [],
    sends: [],
    closes: [],
    notifications: [],
    events: [],
  };
}

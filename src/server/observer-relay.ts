/**
 * What a follower does for the clients of the observers that learn from it (ZooKeeper 3.9
 * `ObserverMaster`): takes their requests and revalidations to its own leader and the answers back.
 * The leader takes all their sessions for this server's own, so that whoever of them serves a
 * session is known here only.
 */
import { Fifo } from "../base/index.ts";
import { JuteReader, JuteWriter, OpCode, PacketType, readForwardedRequest } from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import type { Learner, LinkId } from "../zab/index.ts";
import type { Replica } from "./replica.ts";
import { here } from "./session-service.ts";
import type { SessionService } from "./session-service.ts";

export interface ObserverRelayOptions {
  readonly replica: Replica;
  readonly sessions: SessionService;
  /** Takes a packet of an observer to the leader as it is. */
  readonly toLeader: (packet: QuorumPacket) => void;
}

/** A session that is to be taken up, and by whom. */
interface Revalidation {
  readonly sessionId: bigint;
  /** An observer's link, or `here`. */
  readonly owner: LinkId;
}

export class ObserverRelay {
  readonly #options: ObserverRelayOptions;
  /** The observers' links by the sessions that they serve. */
  readonly #owners = new Map<bigint, LinkId>();
  /** What the leader was asked, in order; its answers come in the same order. */
  readonly #revalidations = new Fifo<Revalidation>();
  /** What came while nothing may go to the leader; undefined when it may. */
  #parked: { readonly link: LinkId; readonly packet: QuorumPacket }[] | undefined;

  constructor(options: ObserverRelayOptions) {
    this.#options = options;
  }

  /** Forgets everything: this server follows nobody any more, or another leader. */
  reset(): void {
    this.#owners.clear();
    this.#revalidations.clear();
    this.#parked = undefined;
  }

  /** Sends the leader nothing of observers until `release`. They are not read meanwhile. */
  hold(): void {
    this.#parked ??= [];
    for (const link of this.#links()) this.#options.replica.links.hold(link, "hand-over");
  }

  release(): void {
    const parked = this.#parked ?? [];
    this.#parked = undefined;
    for (const link of this.#links()) this.#options.replica.links.release(link, "hand-over");
    for (const { link, packet } of parked) this.receive(link, packet);
  }

  /**
   * A request or revalidation has come from an observer.
   * @throws WireError when it cannot be read.
   */
  receive(link: LinkId, packet: QuorumPacket): void {
    const observer = this.#options.replica.peer.observerMaster?.learnerOf(link);
    if (observer === undefined || packet.data === null) return;
    if (this.#parked !== undefined) this.#parked.push({ link, packet });
    else if (packet.type === PacketType.revalidate) this.#receiveRevalidation(link, packet);
    else this.#receiveRequest(observer, packet);
  }

  /** The leader is asked whether `owner`, a link or `here`, may take up a session. */
  asked(sessionId: bigint, owner: LinkId): void {
    this.#revalidations.push({ sessionId, owner });
  }

  /** The leader's answer has come; false when it is for this server itself. */
  answered(packet: QuorumPacket, data: Buffer): boolean {
    const reader = new JuteReader(data);
    const sessionId = reader.readLong();
    const asked = this.#revalidations.shift();
    if (asked?.sessionId !== sessionId) return false;
    if (reader.readBool()) this.#move(sessionId, asked.owner);
    if (asked.owner === here) return false;
    this.#options.replica.links.send([asked.owner], packet);
    return true;
  }

  /** The leader says that a session is served elsewhere; false when no observer here served it. */
  movedAway(sessionId: bigint): boolean {
    const link = this.#owners.get(sessionId);
    if (link === undefined) return false;
    this.#owners.delete(sessionId);
    this.#tellMoved(link, sessionId);
    return true;
  }

  /** A session has ended. */
  ended(sessionId: bigint): void {
    this.#owners.delete(sessionId);
  }

  #receiveRevalidation(link: LinkId, packet: QuorumPacket): void {
    this.asked(new JuteReader(packet.data ?? Buffer.alloc(0)).readLong(), link);
    this.#options.toLeader(packet);
  }

  #receiveRequest({ link, knowsHandOver }: Learner, packet: QuorumPacket): void {
    const { replica, toLeader } = this.#options;
    const request = readForwardedRequest(new JuteReader(packet.data ?? Buffer.alloc(0)));
    const { sessionId, type } = request;
    if (type === OpCode.sync) replica.peer.syncSent({ link });
    else if (type === OpCode.createSession) this.#owners.set(sessionId, link);
    else if (knowsHandOver && !this.#isOwner(link, sessionId)) {
      // The leader would carry it out. ZooKeeper's observers would wait for its answer for ever.
      this.#tellMoved(link, sessionId);
      return;
    }
    toLeader(packet);
  }

  /** Whether nobody else here is known to serve a session. */
  #isOwner(link: LinkId, sessionId: bigint): boolean {
    const owner = this.#owners.get(sessionId);
    if (owner !== undefined) return owner === link;
    return this.#options.sessions.connectionOf(sessionId) === undefined;
  }

  #move(sessionId: bigint, owner: LinkId): void {
    const before = this.#owners.get(sessionId);
    if (owner === here) this.#owners.delete(sessionId);
    else this.#owners.set(sessionId, owner);
    if (before === undefined && owner !== here) this.#options.sessions.movedAway(sessionId);
    else if (before !== undefined && before !== owner) this.#tellMoved(before, sessionId);
  }

  #tellMoved(link: LinkId, sessionId: bigint): void {
    const { replica } = this.#options;
    if (replica.peer.observerMaster?.learnerOf(link)?.knowsHandOver !== true) return;
    const data = new JuteWriter(8);
    data.writeLong(sessionId);
    const type = PacketType.sessionMoved;
    replica.links.send([link], { type, zxid: -1n, data: data.take(), authInfo: null });
  }

  #links(): Iterable<LinkId> {
    return this.#options.replica.peer.observerMaster?.links() ?? [];
  }
}

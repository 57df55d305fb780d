/**
 * One simulated server: a peer with its disk, its state and its driver. The driver keeps the
 * contract of `src/zab/ready.ts` and nothing else: it gathers inputs for a random moment, hands
 * them over in one turn, and carries out what `ready()` asks for in the order that it states.
 */
import { randomInt } from "../../src/base/index.ts";
import {
  JuteReader,
  JuteWriter,
  PacketType,
  decodeNotification,
  encodeNotification,
  readQuorumPacket,
  writeQuorumPacket,
  zxidCounter,
} from "../../src/wire/index.ts";
import type { QuorumPacket } from "../../src/wire/index.ts";
import { Peer } from "../../src/zab/index.ts";
import type { Dial, LinkId, LogPlace, PeerEvent, Ready } from "../../src/zab/index.ts";
import { applyEntry, entriesAbove, labelled, nodeAt } from "./chain.ts";
import type { State } from "./chain.ts";
import { checkSyncedRead } from "./checkers/synced-reads.ts";
import type { AskedSync } from "./checkers/synced-reads.ts";
import { encodeWrite } from "./client-write.ts";
import type { ClientWrite } from "./client-write.ts";
import { SimDisk } from "./sim-disk.ts";
import type { EndId, StreamHost } from "./streams.ts";
import { Violation } from "./violation.ts";
import type { Server, World } from "./world.ts";

type Input =
  | { readonly kind: "packet"; readonly link: LinkId; readonly bytes: Buffer; body?: State }
  | { readonly kind: "accepted" | "opened" | "closed"; readonly link: LinkId }
  | { readonly kind: "log-found"; readonly link: LinkId; readonly place: LogPlace | undefined }
  | { readonly kind: "notification"; readonly from: bigint; readonly bytes: Buffer }
  | { readonly kind: "durable"; readonly seq: number; readonly replaced: State | undefined }
  | { readonly kind: "write"; readonly write: ClientWrite }
  | { readonly kind: "sync" };

/** One life of a server, from start to crash. */
class Life implements StreamHost {
  readonly sid: bigint;
  readonly peer: Peer;
  readonly #take: (input: Input) => void;
  /** Snapshots that came on a link and are to be installed. */
  readonly bodies = new Map<LinkId, State>();
  /** Where the log goes on for a learner. */
  readonly logPlaces = new Map<LinkId, LogPlace>();
  nextAcceptedLink = 2;
  inbox: Input[] = [];
  isTurnPlanned = false;
  isOver = false;

  constructor(sid: bigint, peer: Peer, take: (input: Input) => void) {
    this.sid = sid;
    this.peer = peer;
    this.#take = take;
  }

  packetArrived(link: LinkId, bytes: Buffer, body: State | undefined): void {
    this.#take({ kind: "packet", link, bytes, ...(body === undefined ? {} : { body }) });
  }

  linkClosed(link: LinkId): void {
    this.#take({ kind: "closed", link });
  }
}

export class SimServer implements Server {
  readonly sid: bigint;
  readonly #world: World;
  readonly #disk: SimDisk;
  readonly #writer = new JuteWriter(256);
  readonly #clockRate: number;
  readonly #clockOffsetMs: number;
  #life: Life | undefined;
  #lives = 0;
  #state: State;
  #isReplacing = false;
  #isFrozen = false;

  constructor(sid: bigint, world: World) {
    const { random, scheduler, options } = world;
    this.sid = sid;
    this.#world = world;
    this.#clockRate = 1 + (random.next() * 2 - 1) * options.clockDrift;
    this.#clockOffsetMs = randomInt(random, 0, 1_000_000);
    const where = `server ${sid}`;
    this.#disk = new SimDisk({ random, scheduler, options: options.disk, where });
    this.#disk.whenDurable = (seq, replaced) => {
      if (replaced !== undefined) world.checkers.diskReplaced();
      this.#take(this.#life, { kind: "durable", seq, replaced });
    };
    this.#state = this.#disk.content.tip;
  }

  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  get peer(): Peer | undefined {
    return this.#life?.peer;
  }

  get state(): State {
    return this.#state;
  }

  get disk(): SimDisk {
    return this.#disk;
  }

  start(): void {
    if (this.#life !== undefined) return;
    const { base, tip, acceptedEpoch, currentEpoch, volume } = this.#disk.content;
    this.#lives += 1;
    this.#isReplacing = false;
    this.#state = tip;
    const peer = new Peer({
      ...this.#world.peerOptions,
      sid: this.sid,
      logger: this.#world.trace.loggerOf(this.sid),
      disk: {
        lastZxid: tip.label,
        recent: entriesAbove(tip, base.label),
        acceptedEpoch,
        currentEpoch,
        volume,
      },
    });
    const life: Life = new Life(this.sid, peer, (input) => this.#take(life, input));
    this.#life = life;
    this.#trace("starts", tip.label, acceptedEpoch, currentEpoch);
    this.#tickLater(life);
    this.#planTurn(life);
  }

  /** Kill -9, or the power goes. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#isFrozen = false;
    life.isOver = true;
    this.#world.streams.closeAll(life);
    this.#world.elections.crashed(this.sid, this.#world.sids);
    this.#disk.crash();
    this.#trace("crashes");
  }

  /** SIGSTOP: time passes and messages come, but the process does nothing. */
  freeze(): void {
    this.#isFrozen = true;
    this.#trace("freezes");
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#trace("thaws");
    if (this.#life !== undefined) this.#planTurn(this.#life);
  }

  /** Writes a snapshot of what was applied, as a server does from time to time. */
  takeSnapshot(): void {
    if (this.#life === undefined || this.#isReplacing || this.#isFrozen) return;
    if (this.#state.label <= this.#disk.content.base.label) return;
    this.#disk.snapshot(this.#state);
  }

  write(write: ClientWrite): void {
    this.#take(this.#life, { kind: "write", write });
  }

  sync(): void {
    this.#take(this.#life, { kind: "sync" });
  }

  notify(from: bigint, bytes: Buffer): void {
    this.#take(this.#life, { kind: "notification", from, bytes });
  }

  /** Accepts a connection; undefined when nobody listens. */
  accept(to: Dial["to"]): EndId | undefined {
    const life = this.#life;
    if (life === undefined) return undefined;
    const { role, observerMaster } = life.peer;
    const listens = to === "leader" ? role === "leading" : observerMaster !== undefined;
    if (!listens) return undefined;
    const link = life.nextAcceptedLink;
    life.nextAcceptedLink += 2;
    this.#take(life, { kind: "accepted", link });
    return { host: life, link };
  }

  #take(life: Life | undefined, input: Input): void {
    if (life === undefined || life.isOver) return;
    life.inbox.push(input);
    this.#planTurn(life);
  }

  #planTurn(life: Life): void {
    if (life.isTurnPlanned || this.#isFrozen) return;
    life.isTurnPlanned = true;
    const { random, scheduler, options } = this.#world;
    const waitMs = random.next() < 0.6 ? 0 : randomInt(random, 0, options.turnMaxMs + 1);
    scheduler.after(waitMs, () => {
      life.isTurnPlanned = false;
      if (!life.isOver && !this.#isFrozen) this.#turn(life);
    });
  }

  #tickLater(life: Life): void {
    const { random, scheduler } = this.#world;
    scheduler.after(randomInt(random, 10, 51), () => {
      if (life.isOver) return;
      this.#planTurn(life);
      this.#tickLater(life);
    });
  }

  #turn(life: Life): void {
    const { random } = this.#world;
    const { peer } = life;
    // A process has not always read all that has come when its turn begins.
    const count =
      random.next() < 0.8 ? life.inbox.length : randomInt(random, 0, life.inbox.length + 1);
    const inputs = life.inbox.splice(0, count);
    let served = this.#served(peer, undefined);
    // Whether the time is told before or after what came meanwhile must not matter.
    const isTimeFirst = random.next() < 0.5;
    if (isTimeFirst) peer.tick(this.#localMs());
    for (const input of inputs) {
      served = this.#served(peer, served);
      this.#handle(life, input);
    }
    served = this.#served(peer, served);
    if (!isTimeFirst) peer.tick(this.#localMs());
    served = this.#served(peer, served);
    this.#carryOut(life, peer.ready(), served);
    if (life.inbox.length > 0) this.#planTurn(life);
  }

  #localMs(): number {
    return Math.floor(this.#world.scheduler.nowMs * this.#clockRate) + this.#clockOffsetMs;
  }

  /**
   * How far this server has committed as a leader or learner in service: what is delivered beyond
   * that in the same turn is the tail of a role that ended.
   */
  #served(peer: Peer, before: Served | undefined): Served | undefined {
    if (!peer.isServing) return before;
    return { zxid: peer.lastZxid, leaderEpoch: peer.leader?.epoch };
  }

  #handle(life: Life, input: Input): void {
    const { peer } = life;
    switch (input.kind) {
      case "packet": {
        const packet = readQuorumPacket(new JuteReader(input.bytes));
        if (input.body !== undefined) life.bodies.set(input.link, input.body);
        peer.receivePacket(input.link, packet);
        break;
      }
      case "accepted":
        peer.linkAccepted(input.link);
        break;
      case "opened":
        peer.linkOpened(input.link);
        break;
      case "closed":
        peer.linkClosed(input.link);
        break;
      case "log-found":
        peer.logFound(input.link, input.place);
        break;
      case "notification":
        peer.receiveNotification(input.from, decodeNotification(input.bytes));
        break;
      case "durable":
        if (input.replaced === undefined) {
          peer.persisted(input.seq);
        } else {
          this.#state = input.replaced;
          this.#isReplacing = false;
          peer.replaced(input.seq, input.replaced.label);
        }
        break;
      case "write": {
        const { leader } = peer;
        if (leader === undefined) break;
        const zxid = leader.nextZxid;
        leader.propose({ zxid, payload: encodeWrite(zxid, input.write) });
        break;
      }
      case "sync":
        this.#askForSync(life);
        break;
    }
  }

  #carryOut(life: Life, ready: Ready, served: Served | undefined): void {
    const { checkers, scheduler } = this.#world;
    for (const op of ready.disk) {
      const body = op.kind === "install-snapshot" ? life.bodies.get(op.link) : undefined;
      if (op.kind === "truncate" || op.kind === "install-snapshot") this.#isReplacing = true;
      this.#disk.write(op, body && "zxid" in op ? { node: body.node, label: op.zxid } : undefined);
    }
    const syncs = ready.syncs.values();
    let sync = syncs.next().value;
    for (let count = 0; count <= ready.deliver.length; count++) {
      for (; sync?.after === count; sync = syncs.next().value) {
        checkSyncedRead(this.#state, sync.token as AskedSync, `server ${this.sid}`);
      }
      const entry = ready.deliver[count];
      if (entry === undefined) break;
      if (this.#isReplacing) {
        throw new Violation("contract", `server ${this.sid} delivers while its state is replaced`);
      }
      this.#state = applyEntry(this.#state, entry, `state of server ${this.sid}`);
    }
    if (served !== undefined) {
      const node = nodeAt(labelled(this.#state), served.zxid);
      checkers.serves({ sid: this.sid, life: this.#lives, node, leaderEpoch: served.leaderEpoch });
    }
    for (const dial of ready.dials) this.#dial(life, dial);
    for (const { link, zxid } of ready.lookups) this.#lookUp(life, link, zxid);
    this.#sendAll(life, ready);
    for (const link of ready.closes) {
      life.bodies.delete(link);
      this.#world.streams.close({ host: life, link });
    }
    for (const { to, notification } of ready.notifications) {
      this.#world.elections.send(this.sid, to, encodeNotification(notification));
    }
    for (const event of ready.events) this.#react(life, event);
    this.#world.trace.turn(scheduler.nowMs, this.sid, ready, this.#state);
  }

  /** A client's sync: here at the leader, or sent to it. */
  #askForSync(life: Life): void {
    const { peer } = life;
    const { committed } = this.#world.checkers;
    const { leader, leaderLink: link } = peer;
    if (leader !== undefined) {
      const isNewEpoch = zxidCounter(leader.newestZxid) === 0;
      leader.sync({ committed, proposed: isNewEpoch ? peer.lastZxid : leader.newestZxid });
    } else if (peer.isServing && link !== undefined) {
      const token: AskedSync = { committed, proposed: undefined };
      peer.syncSent({ token });
      this.#send(life, link, PacketType.request);
    }
  }

  /** A sync of an observer, that learns from this follower. */
  #relaySync({ peer }: Life, from: LinkId): void {
    const { leaderLink: link } = peer;
    if (link === undefined || peer.observerMaster?.learnerOf(from) === undefined) return;
    peer.syncSent({ link: from });
    if (this.#life !== undefined) this.#send(this.#life, link, PacketType.request);
  }

  #sendAll(life: Life, ready: Ready): void {
    for (const { links, packet, logUpTo } of ready.sends) {
      const bytes = this.#encode(packet);
      const capture =
        packet.type === PacketType.snap
          ? (): State => ({ node: this.#state.node, label: packet.zxid })
          : undefined;
      for (const link of links) {
        this.#world.streams.send({ host: life, link }, bytes, capture);
        if (logUpTo !== undefined) this.#sendLog(life, link, logUpTo);
      }
    }
  }

  /** Sometimes the log is larger than a snapshot would be. */
  #lookUp(life: Life, link: LinkId, zxid: bigint): void {
    const { random, scheduler } = this.#world;
    const { base, tip } = this.#disk.content;
    const labels = entriesAbove(tip, base.label).map((entry) => entry.zxid);
    const position = labels.findLast((label) => label <= zxid) ?? base.label;
    const isThere = zxid >= base.label && random.next() < 0.8;
    const place = { position, next: labels.find((label) => label > zxid) };
    if (isThere) life.logPlaces.set(link, place);
    scheduler.after(randomInt(random, 1, 20), () => {
      this.#take(life, { kind: "log-found", link, place: isThere ? place : undefined });
    });
  }

  #sendLog(life: Life, link: LinkId, upTo: bigint): void {
    const position = life.logPlaces.get(link)?.position;
    if (position === undefined) throw new Violation("contract", "a log that was not looked up");
    for (const { zxid, payload } of entriesAbove(this.#state, position)) {
      if (zxid > upTo) return;
      this.#send(life, link, PacketType.proposal, { zxid, data: payload });
      this.#send(life, link, PacketType.commit, { zxid, data: null });
    }
  }

  #react(life: Life, event: PeerEvent): void {
    if (event.kind === "ping") {
      const link = life.peer.leaderLink;
      if (link !== undefined) this.#send(life, link, PacketType.ping);
    } else if (event.kind === "packet") {
      if (life.peer.leader !== undefined) life.peer.leader.syncLearner(event.link);
      else this.#relaySync(life, event.link);
      this.#planTurn(life);
    } else if (event.kind === "role") {
      const { role, serving, epoch, leader } = event;
      this.#trace(`is ${role}`, serving ? "serving" : "not serving", epoch, leader);
    }
  }

  #dial(life: Life, { link, sid: to, to: port }: Dial): void {
    const { scheduler, network, streams, random } = this.#world;
    const { sid } = this;
    const isBlocked = (): boolean => network.isBlocked(sid, to) || network.isBlocked(to, sid);
    scheduler.after(network.delayMs(), () => {
      const end = isBlocked() ? undefined : this.#world.server(to)?.accept(port);
      if (end === undefined || life.isOver) {
        // Refused at once, or nobody answers for a while.
        const failsInMs = isBlocked() ? randomInt(random, 100, 1_000) : network.delayMs();
        scheduler.after(failsInMs, () => this.#take(life, { kind: "closed", link }));
        return;
      }
      streams.open({ host: life, link }, end);
      scheduler.after(network.delayMs(), () => this.#take(life, { kind: "opened", link }));
    });
  }

  #send(
    life: Life,
    link: LinkId,
    type: PacketType,
    { zxid, data }: Pick<QuorumPacket, "zxid" | "data"> = { zxid: 0n, data: Buffer.alloc(0) },
  ): void {
    const packet = { type, zxid, data, authInfo: null };
    this.#world.streams.send({ host: life, link }, this.#encode(packet));
  }

  #encode(packet: QuorumPacket): Buffer {
    writeQuorumPacket(this.#writer, packet);
    return this.#writer.takeCopy();
  }

  #trace(what: string, ...details: unknown[]): void {
    this.#world.trace.note(this.#world.scheduler.nowMs, this.sid, what, details);
  }
}

interface Served {
  readonly zxid: bigint;
  /** Epoch of its leadership, on a leader. */
  readonly leaderEpoch: number | undefined;
}

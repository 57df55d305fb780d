/**
 * A peer on strings: tests give it packets, votes, time and finished disk work one by one, and
 * read what it wants done as short lines ("ACK 0x100000001 on 1"). Nothing happens by itself; in
 * particular nothing is durable before `persist`.
 */
import { nullLogger } from "../../src/observe/index.ts";
import { JuteWriter, PacketType, PeerState, formatHex, plainVolume } from "../../src/wire/index.ts";
import type { ServerExtensions, VolumeRecord } from "../../src/wire/index.ts";
import {
  OpCode,
  formatQuorumConfig,
  makeZxid,
  parseQuorumConfig,
  writeLearnerInfo,
  writeTxn,
} from "../../src/wire/index.ts";
import { Peer, defaultTiming, membershipOf } from "../../src/zab/index.ts";
import type { DiskOp, HistoryEntry, LinkId, PeerOptions, Ready } from "../../src/zab/index.ts";

const packetNames = new Map<number, string>(
  Object.entries(PacketType).map(([name, type]) => [type, name.toUpperCase()]),
);
const stateNames = ["LOOKING", "FOLLOWING", "LEADING", "OBSERVING"];

export interface ScriptedOptions {
  readonly sid?: number;
  readonly voters?: number[];
  readonly observers?: number[];
  /** zxids of the log, oldest first; the peer starts with all of them in memory. */
  readonly log?: readonly bigint[];
  /** zxid of a snapshot below the log. */
  readonly snapshot?: bigint;
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  readonly counterMax?: number;
  readonly epochWaitMs?: number;
  readonly configVersion?: bigint;
  readonly learnerLimits?: PeerOptions["learnerLimits"];
  readonly takesJoiners?: boolean;
  readonly volume?: Partial<VolumeRecord>;
  readonly newEnsembleId?: string;
  /** Whether followers serve observers. */
  readonly hasMasters?: boolean;
  readonly reconnectDelayMs?: number;
  readonly electionDelayMs?: number;
  /** What chance says. @default 0 */
  readonly chance?: () => number;
  /** Text of the configuration in force, instead of `voters` and `observers`; it may change. */
  readonly config?: string;
  /** Text of a configuration that is in the log and may not be committed. */
  readonly lastSeen?: string;
}

export interface ScriptedVote {
  readonly leader: number;
  readonly zxid?: bigint;
  readonly epoch?: number;
  readonly round?: number;
  readonly state?: PeerState;
  readonly config?: string;
}

/** zxid of the n-th transaction of an epoch. */
export function z(epoch: number, counter: number): bigint {
  return makeZxid(epoch, counter);
}

/** A transaction whose payload is as the core expects it: a header with the zxid, and no more. */
export function entryOf(zxid: bigint): HistoryEntry {
  const payload = Buffer.alloc(32);
  payload.writeBigInt64BE(zxid, 12);
  return { zxid, payload };
}

export class ScriptedPeer {
  readonly peer: Peer;
  nowMs = 1000;
  #disk: DiskOp[] = [];
  #ready: Ready;

  constructor(options: ScriptedOptions = {}) {
    this.peer = new Peer(peerOptions(options));
    this.peer.tick(this.nowMs);
    this.#ready = this.#take();
  }

  /** Lets time pass in steps of 10 ms. */
  wait(ms: number): this {
    const ready = this.#collect(() => {
      for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
        this.nowMs = Math.min(endMs, this.nowMs + 10);
        this.peer.tick(this.nowMs);
      }
    });
    this.#ready = ready;
    return this;
  }

  vote(from: number, vote: ScriptedVote): this {
    const { leader, zxid = 0n, epoch = 0, round = 1, state = PeerState.looking } = vote;
    const { config = null } = vote;
    return this.#step(() =>
      this.peer.receiveNotification(BigInt(from), {
        state,
        leader: BigInt(leader),
        zxid,
        electionEpoch: BigInt(round),
        peerEpoch: BigInt(epoch),
        config,
      }),
    );
  }

  receive(
    link: LinkId,
    type: keyof typeof PacketType,
    zxid: bigint,
    data: Buffer | null = null,
  ): this {
    const packet = { type: PacketType[type], zxid, data, authInfo: null };
    return this.#step(() => this.peer.receivePacket(link, packet));
  }

  /** A PROPOSAL or INFORM with a payload that fits. */
  propose(link: LinkId, zxid: bigint, type: "proposal" | "inform" = "proposal"): this {
    return this.receive(link, type, zxid, entryOf(zxid).payload);
  }

  opened(link: LinkId): this {
    return this.#step(() => this.peer.linkOpened(link));
  }

  accepted(link: LinkId): this {
    return this.#step(() => this.peer.linkAccepted(link));
  }

  closed(link: LinkId): this {
    return this.#step(() => this.peer.linkClosed(link));
  }

  /** The first operations (all, without a count) have become durable. */
  persist(count = this.#disk.length): this {
    const seq = this.#disk.splice(0, count).pop()?.seq;
    return this.#step(() => {
      if (seq !== undefined) this.peer.persisted(seq);
    });
  }

  /** The first operation, a truncation or snapshot, is done; the disk ends at `lastZxid`. */
  replaced(lastZxid: bigint, configText?: string): this {
    const seq = this.#disk.shift()?.seq ?? -1;
    return this.#step(() => this.peer.replaced(seq, lastZxid, configText));
  }

  step(input: (peer: Peer) => void): this {
    return this.#step(() => input(this.peer));
  }

  /** Packets to send because of the last input. */
  get sent(): string[] {
    return this.#ready.sends.map(({ links, packet, logUpTo }) => {
      const name = packetNames.get(packet.type) ?? String(packet.type);
      const log = logUpTo === undefined ? "" : `, then the log up to ${formatHex(logUpTo)}`;
      return `${name} ${formatHex(packet.zxid)} on ${links.join(" ")}${log}`;
    });
  }

  /** Data of the packets to send because of the last input. */
  get sentData(): (string | undefined)[] {
    return this.#ready.sends.map(({ packet }) => packet.data?.toString("hex"));
  }

  get votes(): string[] {
    return this.#ready.notifications.map(({ to, notification }) => {
      const { leader, zxid, electionEpoch, peerEpoch, state } = notification;
      const candidate = `${leader} (${peerEpoch}, ${formatHex(zxid)})`;
      return `to ${to}: ${candidate} in round ${electionEpoch}, ${stateNames[state]}`;
    });
  }

  get closes(): LinkId[] {
    return this.#ready.closes;
  }

  get dials(): string[] {
    return this.#ready.dials.map(({ link, sid, to }) => {
      return `${sid}${to === "leader" ? "" : " for observers"} as ${link}`;
    });
  }

  /** What is asked of the log. */
  get lookups(): string[] {
    return this.#ready.lookups.map(({ link, zxid }) => `${formatHex(zxid)} for ${link}`);
  }

  get delivered(): string[] {
    return this.#ready.deliver.map(({ zxid }) => formatHex(zxid));
  }

  /** Syncs that are answered, each with the number of deliveries before it. */
  get syncs(): string[] {
    return this.#ready.syncs.map(({ after, token }) => `${String(token)} after ${after}`);
  }

  get events(): string[] {
    return this.#ready.events.map((event) => {
      if (event.kind === "role") {
        const service = event.serving ? `serving in ${event.epoch}` : "not serving";
        const after = event.isHandOver ? " after a hand-over" : "";
        return `${event.role} ${service}${after}`;
      }
      if (event.kind === "learner-lost" && event.cause !== undefined) {
        return `${event.kind}: ${event.cause}`;
      }
      if (event.kind === "odd-learner") return `odd-learner: ${event.oddity} ${event.sid}`;
      if (event.kind === "config") {
        const { active, lastSeen } = event;
        const proposed = lastSeen === undefined ? "" : `, ${formatHex(lastSeen.version)} proposed`;
        return `config ${formatHex(active.version)}${proposed}`;
      }
      return event.kind;
    });
  }

  /** Disk operations that are not durable yet. */
  get disk(): string[] {
    return this.#disk.map((op) => {
      if (op.kind === "append") return `append ${formatHex(op.entry.zxid)}`;
      if (op.kind === "volume") return describeVolume(op.record);
      if (op.kind === "active-config") return `active-config ${formatHex(op.config.version)}`;
      return `${op.kind} ${"zxid" in op ? formatHex(op.zxid) : op.epoch}`;
    });
  }

  #step(input: () => void): this {
    this.#ready = this.#collect(input);
    return this;
  }

  #collect(input: () => void): Ready {
    input();
    return this.#take();
  }

  #take(): Ready {
    const ready = this.peer.ready();
    this.#disk.push(...ready.disk);
    return ready;
  }
}

function describeVolume({ ensembleId, isIdSettled, isIncomplete }: VolumeRecord): string {
  const identity = `${isIdSettled ? "settled" : "unsettled"} id ${ensembleId ?? "none"}`;
  return `volume ${isIncomplete ? "incomplete" : "whole"}, ${identity}`;
}

function peerOptions(options: ScriptedOptions): PeerOptions {
  const { sid = 1, voters = [1, 2, 3], observers = [], log = [], snapshot = 0n } = options;
  const { currentEpoch = 0, acceptedEpoch = currentEpoch, counterMax } = options;
  return {
    sid: BigInt(sid),
    membership: {
      voters: voters.map(BigInt),
      observers: observers.map(BigInt),
      version: options.configVersion ?? 0n,
      text: "version=0",
      takesJoiners: options.takesJoiners ?? false,
    },
    ...changeable(options),
    timing: { ...defaultTiming, tickMs: 200, epochWaitMs: options.epochWaitMs },
    historyLimits: { entriesMax: 100, bytesMax: 1 << 20 },
    disk: {
      lastZxid: log[log.length - 1] ?? snapshot,
      recent: log.map(entryOf),
      acceptedEpoch,
      currentEpoch,
      volume: { ...plainVolume, ...options.volume },
    },
    newEnsembleId: options.newEnsembleId,
    observers: {
      hasMasters: options.hasMasters ?? false,
      reconnectDelayMs: options.reconnectDelayMs ?? 0,
      electionDelayMs: options.electionDelayMs ?? 0,
      random: { next: options.chance ?? ((): number => 0) },
    },
    logger: nullLogger,
    ...(counterMax === undefined ? {} : { counterMax }),
    ...(options.learnerLimits === undefined ? {} : { learnerLimits: options.learnerLimits }),
  };
}

function changeable({ config, lastSeen }: ScriptedOptions): Partial<PeerOptions> {
  if (config === undefined) return {};
  const membership = { ...membershipOf(parseQuorumConfig(config)), takesJoiners: true };
  const seen =
    lastSeen === undefined ? {} : { lastSeen: membershipOf(parseQuorumConfig(lastSeen)) };
  return { membership, reconfigEnabled: true, ...seen };
}

/** Text of a configuration; `lines` are of servers by id, of groups and of weights. */
export function configText(
  version: bigint,
  voters: readonly number[],
  more: { observers?: readonly number[]; lines?: readonly string[] } = {},
): string {
  const server = (sid: number, role: string): string => `server.${sid}=zk${sid}:2888:3888:${role}`;
  const lines = [
    ...voters.map((sid) => server(sid, "participant")),
    ...(more.observers ?? []).map((sid) => server(sid, "observer")),
    ...(more.lines ?? []),
    `version=${version.toString(16)}`,
  ];
  return formatQuorumConfig(parseQuorumConfig(lines.join("\n")));
}

/** A reconfiguration, named after its zxid unless `text` says otherwise. */
export function reconfigEntry(zxid: bigint, text: string): HistoryEntry {
  const writer = new JuteWriter(256);
  const header = { clientId: 0n, cxid: 0, zxid, timeMs: 0, type: OpCode.reconfig };
  const path = "/zookeeper/config";
  const txn = { type: OpCode.reconfig, path, data: Buffer.from(text), version: -1 };
  writeTxn(writer, header, txn, null);
  return { zxid, payload: writer.takeCopy() };
}

/** Body of COMMITANDACTIVATE; with a transaction, of INFORMANDACTIVATE. */
export function designating(leader: number, payload?: Buffer): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigInt64BE(BigInt(leader), 0);
  return payload === undefined ? body : Buffer.concat([body, payload]);
}

/** Body of FOLLOWERINFO or OBSERVERINFO. */
export function learnerInfo(
  sid: number,
  configVersion = 0n,
  extensions: ServerExtensions = {},
): Buffer {
  const writer = new JuteWriter(32);
  const info = { sid: BigInt(sid), protocolVersion: 0x10000, configVersion, ...extensions };
  writeLearnerInfo(writer, info);
  return writer.takeCopy();
}

/** Body of LEADERINFO (the protocol version) or ACKEPOCH (the current epoch). */
export function int(value: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeInt32BE(value, 0);
  return body;
}

/** A peer that follows server 3 of three and has got as far as LEADERINFO of `epoch`. */
export function followerAt(epoch: number, options: ScriptedOptions = {}): ScriptedPeer {
  const peer = new ScriptedPeer(options);
  const vote = { leader: 3, zxid: z(1000, 1), epoch: 1000 };
  peer.vote(3, vote).vote(2, vote);
  peer.opened(1).receive(1, "leaderInfo", z(epoch, 0), int(0x10000));
  return peer;
}

/** The same after a DIFF, NEWLEADER and UPTODATE: in service, with nothing waiting for the disk. */
export function activeFollower(epoch: number, options: ScriptedOptions = {}): ScriptedPeer {
  const peer = followerAt(epoch, options).persist();
  peer.receive(1, "diff", peer.peer.lastZxid).receive(1, "newLeader", z(epoch, 0)).persist();
  return peer.receive(1, "upToDate", -1n);
}

/** Server 3 of three, elected and with its epoch still to be agreed. */
export function electedLeader(options: ScriptedOptions = {}): ScriptedPeer {
  const peer = new ScriptedPeer({ sid: 3, ...options });
  const own = {
    leader: 3,
    zxid: peer.peer.lastZxid,
    epoch: peer.peer.currentEpoch,
  };
  return peer.vote(1, own).vote(2, own);
}

/** Takes learner `sid` on `link` through discovery up to its ACKEPOCH; persists what is asked. */
export function join(
  peer: ScriptedPeer,
  link: LinkId,
  sid: number,
  has: {
    zxid?: bigint;
    acceptedEpoch?: number;
    currentEpoch?: number;
    observes?: boolean;
    knowsHandOver?: boolean;
    history?: ServerExtensions["history"];
    configVersion?: bigint;
  } = {},
): ScriptedPeer {
  const { zxid = peer.peer.lastZxid, currentEpoch = 0, acceptedEpoch = currentEpoch } = has;
  const { configVersion = 0n } = has;
  const type = has.observes === true ? "observerInfo" : "followerInfo";
  peer
    .accepted(link)
    .receive(link, type, z(acceptedEpoch, 0), learnerInfo(sid, configVersion, has))
    .persist();
  return peer.receive(link, "ackEpoch", zxid, int(currentEpoch));
}

/**
 * Server 3 of five, elected, with the ACKEPOCHs of servers 1 and 2 on links 2 and 4: it waits for
 * acknowledgements of NEWLEADER.
 */
export function leaderOfFive(options: ScriptedOptions = {}): ScriptedPeer {
  const peer = electedLeader({ voters: [1, 2, 3, 4, 5], ...options }).wait(210);
  const { currentEpoch, lastZxid } = peer.peer;
  for (const sid of [1, 2]) {
    const info = learnerInfo(sid);
    peer.accepted(sid * 2).receive(sid * 2, "followerInfo", z(currentEpoch, 0), info);
  }
  peer.persist();
  for (const sid of [1, 2]) peer.receive(sid * 2, "ackEpoch", lastZxid, int(currentEpoch));
  return peer.persist();
}

/** A leader in service in `epoch` 1 (or one more than was accepted), with follower 1 on link 2. */
export function activeLeader(options: ScriptedOptions = {}): ScriptedPeer {
  const peer = electedLeader(options);
  const { currentEpoch, lastZxid } = peer.peer;
  join(peer, 2, 1, { zxid: lastZxid, currentEpoch }).persist();
  return peer.receive(2, "ack", z(peer.peer.currentEpoch, 0));
}

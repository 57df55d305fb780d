/**
 * How a learner and its leader come to know each other before any history is sent: FOLLOWERINFO
 * (or OBSERVERINFO), LEADERINFO, ACKEPOCH. The learner judges whether it can follow: whether both
 * are of one ensemble, and whether the epoch can be.
 *
 * Invariant: ACKEPOCH is for an epoch that this server has durably accepted; who drives this calls
 * `acknowledge` when that is so.
 */
import {
  JuteWriter,
  PacketType,
  decodeLeaderInfo,
  makeZxid,
  writeLearnerInfo,
  zabProtocolVersion,
  zxidEpoch,
} from "../wire/index.ts";
import type { QuorumPacket } from "../wire/index.ts";
import { epochJumpMax, epochMax } from "./discovery.ts";
import { identityConflict } from "./ensemble-identity.ts";
import { incompleteSid } from "./learner-table.ts";
import { acceptEpoch } from "./peer-context.ts";
import type { PeerContext, Rejection } from "./peer-context.ts";
import type { LinkId } from "./ready.ts";

/** Why not even a renewal of the leader's epoch lets this server follow (docs/decisions/0010). */
function laterHistory(currentEpoch: number, leaderEpoch: number): Rejection {
  const reason =
    `Its epoch is ${leaderEpoch}, and this server holds a history of epoch ${currentEpoch}: ` +
    "either that leader is about to end, or a majority of the voters has lost its disks since";
  return { code: "later-history", reason };
}

export class JoinHandshake {
  readonly #context: PeerContext;
  readonly #leader: bigint;
  #epoch = 0;
  #ensembleId: string | undefined;
  #takesProgress = false;
  #ackEpochBody: Buffer | undefined;
  #wantsSnapshot = false;

  constructor(context: PeerContext, leader: bigint) {
    this.#context = context;
    this.#leader = leader;
  }

  /** The leader's epoch; 0 until it is known. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Identity that the leader says its ensemble has. */
  get ensembleId(): string | undefined {
    return this.#ensembleId;
  }

  /** Whether the leader takes PROGRESS. */
  get takesProgress(): boolean {
    return this.#takesProgress;
  }

  /** The log could not be cut to what this leader wanted: only its snapshot will do. */
  get wantsSnapshot(): boolean {
    return this.#wantsSnapshot;
  }

  /**
   * Begins again with the same leader. Its epoch is accepted already, so that what is said of the
   * own history this time counts for nothing else.
   */
  restart(wantsSnapshot: boolean): void {
    this.#epoch = 0;
    this.#wantsSnapshot = wantsSnapshot;
  }

  /** Says who this server is. */
  introduce(link: LinkId, isObserver: boolean): void {
    const { sid, configs, acceptedEpoch, currentEpoch, history } = this.#context;
    const { outbox, volume } = this.#context;
    const writer = new JuteWriter(32);
    writeLearnerInfo(writer, {
      sid: volume.isIncomplete ? incompleteSid(sid) : sid,
      protocolVersion: zabProtocolVersion,
      configVersion: configs.active.version,
      ensembleId: volume.isIdSettled ? (volume.ensembleId ?? undefined) : undefined,
      knowsHandOver: true,
      history: volume.isIncomplete ? undefined : { currentEpoch, lastZxid: history.last },
    });
    const type = isObserver ? PacketType.observerInfo : PacketType.followerInfo;
    outbox.send(link, type, makeZxid(acceptedEpoch, 0), writer.takeCopy());
  }

  /**
   * Takes in LEADERINFO, and begins to accept the epoch; returns why the leader cannot be followed,
   * if it cannot.
   *
   * @throws WireError
   */
  receiveLeaderInfo(packet: QuorumPacket): string | undefined {
    const { acceptedEpoch, currentEpoch } = this.#context;
    const info = decodeLeaderInfo(packet.data);
    this.#takesProgress = info.takesProgress === true;
    this.#ensembleId = info.ensembleId;
    const conflict = identityConflict(this.#context, this.#ensembleId);
    if (conflict !== undefined) {
      this.#context.rejection = { code: "wrong-ensemble", reason: conflict };
      return `Leader ${this.#leader} cannot be followed. ${conflict}`;
    }
    this.#context.rejection = undefined;
    this.#epoch = zxidEpoch(packet.zxid);
    if (!this.#isPlausible(this.#epoch)) {
      return `The leader's epoch ${this.#epoch} is far above the accepted ${acceptedEpoch}`;
    }
    if (this.#epoch < acceptedEpoch) {
      if (currentEpoch > this.#epoch) {
        this.#context.rejection = laterHistory(currentEpoch, this.#epoch);
      }
      return `The leader's epoch ${this.#epoch} is below the accepted ${acceptedEpoch}`;
    }
    const body = Buffer.alloc(4);
    // In a new epoch the leader goes by what is said: no word but the truth.
    if (this.#epoch > acceptedEpoch) this.#wantsSnapshot = false;
    // An epoch that was accepted before must not be counted for it a second time.
    body.writeInt32BE(this.#epoch === acceptedEpoch ? -1 : currentEpoch, 0);
    this.#ackEpochBody = body;
    acceptEpoch(this.#context, this.#epoch);
    return undefined;
  }

  /** Tells the leader that its epoch is accepted, and where the own history ends. */
  acknowledge(link: LinkId): void {
    const { outbox, history } = this.#context;
    // To the start of an epoch that is yet to come, a leader can only answer with a snapshot.
    const zxid = this.#wantsSnapshot ? makeZxid(this.#epoch + 1, 0) : history.last;
    outbox.send(link, PacketType.ackEpoch, zxid, this.#ackEpochBody ?? null);
  }

  /** A server that knows of no epoch yet has to believe what it is told, within the format. */
  #isPlausible(epoch: number): boolean {
    const { acceptedEpoch, volume } = this.#context;
    const isNew = acceptedEpoch === 0 || volume.isIncomplete;
    return epoch <= (isNew ? epochMax : Math.min(acceptedEpoch + epochJumpMax, epochMax));
  }
}

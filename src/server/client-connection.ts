/**
 * One client's connection: frames in, replies out, in the order of its requests. Reads are
 * answered at once unless an earlier write of the same connection is still under way; then they
 * wait their turn. It knows the session protocol; validating and replicating writes, and who may
 * take up which session, is asked of its `gate`.
 *
 * Invariant: `#pending` holds, oldest first, every request that has no reply yet, and its first
 * is one whose answer comes from elsewhere (a write, a sync).
 */
import type { Socket } from "node:net";
import { Fifo } from "../base/index.ts";
import { isReadOp, isWriteOp } from "../tree/index.ts";
import type { ReadContext, TxnResult, Watcher } from "../tree/index.ts";
import {
  ErrorCode,
  JuteReader,
  OpCode,
  WireError,
  Xid,
  isKeeperWrite,
  readConnectRequest,
  readPathRequest,
  readSetWatches,
} from "../wire/index.ts";
import type { Acl, EventType, Id, TxnHeader } from "../wire/index.ts";
import type { Identity } from "./auth/index.ts";
import type { ConnectionGate } from "./connection-gate.ts";
import { RequestWait } from "./limits/index.ts";
import type { LimitedConnection } from "./limits/index.ts";
import { FramedSocket, HoldReason } from "./framed-socket.ts";
import type { FrameReceiver, WordOutcome } from "./framed-socket.ts";
import type { PendingRequest } from "./pending-request.ts";
import { ReplyWriter } from "./reply-writer.ts";
import { peerAddress } from "./socket-address.ts";
import { ConnectionActivity } from "./statistics.ts";
import { writeWelcome } from "./welcome.ts";
import { replyError, writeTxnReply } from "./txn-reply.ts";

const noBody = Buffer.alloc(0);

/** The server, as its client connections see it. */
export type ClientGate = ConnectionGate<ClientConnection>;

/** Requests of one connection in work above which it is not read any further. */
const pendingMax = 1000;

export class ClientConnection implements Watcher, ReadContext, FrameReceiver, LimitedConnection {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly connectedAtMs: number;
  sessionId = 0n;
  timeoutMs = 0;
  /** Transactions up to this one are of earlier connections of the session. */
  answersAfterZxid = 0n;
  /** Whether the client's ConnectRequest had the readOnly field, and so wants it back. */
  hasReadOnlyField = false;
  /** Whether its session is known to this server alone. */
  isLocal = false;
  /** Whether it is served without a quorum, and so may only read. */
  isReadOnly = false;
  /** Whether its session was taken up elsewhere: it may read on, and its next write closes it. */
  isMovedAway = false;
  readonly identity: Identity;
  /** Part of `ReadContext`: watches are told to this connection. */
  readonly watcher: Watcher = this;
  /** In the list of sessions to be kept alive. */
  isTouched = false;
  /** In the list of connections with output. */
  isDirty = false;
  readonly activity = new ConnectionActivity();
  readonly frames: FramedSocket;
  readonly #gate: ClientGate;
  /** What is written here is sent at the end of the turn. */
  readonly #replies: ReplyWriter;
  readonly #reader = new JuteReader();
  readonly #pending = new Fifo<PendingRequest>();
  readonly #frameBytesMax: number;
  #stage: "greeting" | "connecting" | "open" | "closing" = "greeting";
  readonly #wait: RequestWait;
  /** Requests that waited for nobody, and how long the last one took that was timed. */
  #atOnceCount = 0;
  #atOnceMs = 0;

  /** @param subject - of the client's certificate, verified; null without one. */
  constructor(socket: Socket, gate: ClientGate, frameBytesMax: number, subject: string | null) {
    this.socket = socket;
    this.#gate = gate;
    this.#frameBytesMax = frameBytesMax;
    this.#wait = new RequestWait(gate.limits.settings.throttledOpWaitMs);
    this.remoteAddress = peerAddress(socket);
    this.connectedAtMs = gate.nowMs();
    this.identity = gate.authenticator.begin(this.remoteAddress, subject);
    this.frames = new FramedSocket(socket, this, frameBytesMax);
    this.#replies = new ReplyWriter(this.frames.out, gate, this.activity);
  }

  /** Identities of the client; its address is one of them. */
  get authInfo(): readonly Id[] {
    return this.identity.ids;
  }

  get isOpen(): boolean {
    return this.#stage === "open";
  }

  /** Whether the client has begun to speak the session protocol. */
  get hasSaidHello(): boolean {
    return this.#stage !== "greeting";
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Answers the ConnectRequest; a timeout of 0 says that the session is gone. */
  welcome(sessionId: bigint, timeoutMs: number): void {
    if (this.#stage !== "connecting") return;
    this.sessionId = sessionId;
    this.timeoutMs = timeoutMs;
    writeWelcome(this.#replies.out, this);
    this.#replies.countSent();
    if (this.answersAfterZxid === 0n && timeoutMs > 0) {
      this.activity.answered(0, OpCode.createSession, this.#gate.lastZxid, 0);
    }
    this.#stage = "open";
    this.#markDirty();
    if (timeoutMs === 0) this.end();
    else this.frames.release(HoldReason.connecting);
  }

  /** A transaction of this session was applied: answers the request that waits for it. */
  applied({ type, cxid, zxid }: TxnHeader, result: TxnResult): void {
    const head = this.#pending.peek();
    // It may be of another connection of the session, and these may number their requests alike.
    if (head?.body !== null || head.xid !== cxid || zxid <= this.answersAfterZxid) return;
    if (type !== head.type && type !== OpCode.error && !isKeeperWrite(head.type)) return;
    this.#pending.shift();
    if (result.err === ErrorCode.sessionMoved) {
      this.#finish(head);
      this.destroy();
      return;
    }
    const err = replyError(head.type, result, this.isLocal);
    const frame = this.#replies.begin(head.xid, zxid, err);
    writeTxnReply(this.#replies.out, head.type, result);
    this.#endReply(frame);
    this.#finish(head);
    if (head.type === OpCode.closeSession) this.end();
    else this.#drain();
  }

  /** The oldest request is a sync, and it has been answered by the leader. */
  synced(path: string): void {
    const head = this.#pending.peek();
    if (head?.type !== OpCode.sync) return;
    this.#pending.shift();
    const frame = this.#replies.begin(head.xid, this.#gate.lastZxid, ErrorCode.ok);
    this.#replies.out.writeString(path);
    this.#endReply(frame);
    this.#finish(head);
    this.#drain();
  }

  /** Sends a watch event, unless the client may not read the node. */
  process(type: EventType, path: string, zxid: bigint, acl: readonly Acl[]): void {
    if (this.#stage !== "open") return;
    if (acl.length > 0 && !this.#gate.mayRead(acl, this.authInfo)) return;
    this.#replies.notify(type, path, zxid);
    this.#markDirty();
  }

  flush(): void {
    this.isDirty = false;
    this.activity.lastSentAtMs = this.#gate.nowMs();
    this.frames.flush();
  }

  /** Sends what is left, then closes. */
  end(): void {
    this.#stage = "closing";
    this.frames.end();
  }

  destroy(): void {
    this.#stage = "closing";
    this.frames.destroy();
  }

  // FrameReceiver and LimitedConnection

  receiveWord(word: string, rest: Buffer): WordOutcome {
    return this.#gate.fourLetterWord(this, word, rest);
  }

  receiveFrame(buffer: Buffer, offset: number, end: number): void {
    if (this.#stage === "open") {
      this.#receiveRequest(buffer, offset, end);
    } else if (this.#stage === "greeting") {
      this.#stage = "connecting";
      this.frames.hold(HoldReason.connecting);
      this.activity.received += 1;
      this.#gate.statistics.received += 1;
      this.#gate.connect(this, readConnectRequest(this.#reader.reset(buffer, offset, end)));
    }
  }

  checkLength(length: number): void {
    this.#gate.limits.checkLength(length);
  }

  holdRequests(): void {
    this.#wait.begin(this.#gate.nowMs());
    this.frames.hold(HoldReason.throttled);
  }

  releaseRequests(): void {
    this.#wait.end(this.#gate.nowMs(), () => {
      this.frames.release(HoldReason.throttled);
    });
  }

  refused(error: WireError): void {
    this.#stage = "closing";
    this.#gate.refused(this, error);
  }

  socketClosed(): void {
    if (this.#stage === "open") this.#gate.metrics.connectionsDropped += 1;
    this.#stage = "closing";
    const { limits } = this.#gate;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      if (next.err === ErrorCode.ok) limits.finished(this, next.bytes);
    }
    limits.forget(this);
    this.#gate.closed(this);
  }

  #receiveRequest(buffer: Buffer, offset: number, end: number): void {
    const reader = this.#reader.reset(buffer, offset, end);
    const xid = reader.readInt();
    const type = reader.readInt();
    this.activity.received += 1;
    this.#gate.statistics.received += 1;
    this.#gate.touch(this);
    const bytes = end - offset;
    this.#gate.metrics.bytesReceived += bytes;
    if (type === OpCode.auth || type === OpCode.sasl) {
      this.#authenticate(xid, type, reader);
    } else if (!this.identity.isAdmitted) {
      this.#reply(xid, 0n, ErrorCode.sessionClosedRequireSaslAuth);
      this.end();
    } else if (this.#wait.isTooLong(type)) {
      if (this.#pending.length === 0) this.#reply(xid, this.#gate.lastZxid, ErrorCode.throttledOp);
      else this.#addPending({ xid, type, body: noBody, bytes: 0, err: ErrorCode.throttledOp });
    } else if (this.isReadOnly && (this.#isReplicated(type) || type === OpCode.sync)) {
      this.#reply(xid, this.#gate.lastZxid, ErrorCode.notReadOnly);
    } else if (this.#isReplicated(type)) {
      this.#addPending({ xid, type, body: null, bytes, err: ErrorCode.ok });
      this.#gate.submit(this, { xid, type, body: reader.readRest() });
    } else if (type === OpCode.sync) {
      this.#addPending({ xid, type, body: null, bytes, err: ErrorCode.ok });
      this.#gate.sync(this, readPathRequest(reader));
    } else if (this.#pending.length > 0) {
      const body = Buffer.from(reader.readRest());
      this.#addPending({ xid, type, body, bytes, err: ErrorCode.ok });
    } else {
      this.#answerAtOnce(xid, type, reader);
    }
  }

  /** Whether a request becomes a transaction: the end of a local session does not. */
  #isReplicated(type: number): boolean {
    if (this.isLocal && type === OpCode.closeSession) return false;
    return isWriteOp(type, this.#gate.clickHouse);
  }

  #addPending(request: Omit<PendingRequest, "receivedAtMs">): void {
    this.#pending.push({ ...request, receivedAtMs: this.#gate.nowMs() });
    if (this.#pending.length > pendingMax) this.frames.hold(HoldReason.pending);
    if (request.err === ErrorCode.ok) this.#gate.limits.began(this, request.bytes);
  }

  /** A request that was pending has been answered. May bring new requests, which follow it. */
  #finish({ xid, type, bytes, err, receivedAtMs }: PendingRequest): void {
    this.#noteLatency(xid, type, this.#gate.nowMs() - receivedAtMs);
    if (err === ErrorCode.ok) this.#gate.limits.finished(this, bytes);
  }

  /** Answers a request that needs nobody else. */
  #answer(xid: number, type: number, reader: JuteReader): void {
    if (type === OpCode.ping) {
      this.#reply(Xid.ping, this.#gate.lastZxid, ErrorCode.ok);
    } else if (type === OpCode.setWatches || type === OpCode.setWatches2) {
      const watches = readSetWatches(reader, type === OpCode.setWatches2);
      this.#gate.reads.setWatches(watches, this);
      this.#reply(xid, this.#gate.lastZxid, ErrorCode.ok);
    } else if (isReadOp(type, this.#gate.clickHouse)) {
      this.#answerRead(xid, type, reader);
    } else if (type === OpCode.closeSession) {
      this.#gate.endLocal(this);
      this.#reply(xid, this.#gate.lastZxid, ErrorCode.ok);
      this.end();
    } else {
      this.#reply(xid, -1n, ErrorCode.unimplemented);
      this.end();
    }
  }

  #answerRead(xid: number, type: number, reader: JuteReader): void {
    const { out } = this.#replies;
    const frame = this.#replies.begin(xid, this.#gate.lastZxid, ErrorCode.ok);
    const body = out.length;
    const start = reader.offset;
    let err: number;
    try {
      err = this.#gate.reads.serve(type, reader, out, this);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      err = ErrorCode.marshallingError;
    }
    if (err !== ErrorCode.ok) this.#replies.fail(body, err);
    const bytes = this.#endReply(frame);
    if (bytes > this.#frameBytesMax) {
      reader.rewind(start);
      const path = type === OpCode.multiRead ? "" : (reader.readString() ?? "");
      this.#gate.sentTooMuch(this, { type, path, bytes });
    }
  }

  #authenticate(xid: number, type: number, reader: JuteReader): void {
    const answer = this.identity.answer(type, reader);
    if (answer?.isLast !== false) this.#gate.metrics.authFailures += 1;
    if (answer === null) {
      this.destroy();
      return;
    }
    const frame = this.#replies.begin(xid, 0n, answer.err);
    if (answer.token !== undefined) this.#replies.out.writeBuffer(answer.token);
    this.#endReply(frame);
    if (answer.isLast) this.end();
  }

  /** Answers the requests that have waited for an earlier one. */
  #drain(): void {
    for (let next = this.#pending.peek(); next !== undefined; next = this.#pending.peek()) {
      if (next.body === null) break;
      this.#pending.shift();
      try {
        if (next.err !== ErrorCode.ok) this.#reply(next.xid, this.#gate.lastZxid, next.err);
        else this.#answer(next.xid, next.type, new JuteReader(next.body));
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.refused(error);
        this.destroy();
      }
      this.#finish(next);
      if (this.#stage !== "open") return;
    }
    if (this.#pending.length <= pendingMax / 2) this.frames.release(HoldReason.pending);
  }

  /** Looking at the clock costs more than counting, so one in eight is timed for the others. */
  #answerAtOnce(xid: number, type: number, reader: JuteReader): void {
    const isTimed = (this.#atOnceCount++ & 7) === 0;
    const startMs = isTimed ? this.#gate.nowMs() : 0;
    this.#answer(xid, type, reader);
    if (isTimed) this.#atOnceMs = this.#gate.nowMs() - startMs;
    this.#noteLatency(xid, type, this.#atOnceMs);
  }

  #noteLatency(xid: number, type: number, latencyMs: number): void {
    const { metrics, statistics } = this.#gate;
    statistics.latency.note(latencyMs);
    metrics.requestTimes.add(type, latencyMs);
    this.activity.answered(xid, type, this.#gate.lastZxid, latencyMs);
  }

  /** A reply without a body. */
  #reply(xid: number, zxid: bigint, err: number): void {
    this.#endReply(this.#replies.begin(xid, zxid, err));
  }

  /** Returns the length of the reply's frame. */
  #endReply(frame: number): number {
    this.#markDirty();
    return this.#replies.end(frame);
  }

  #markDirty(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.#gate.hasOutput(this);
  }
}

/**
 * The session machine of a client: what to say to a server and what its answers mean, without
 * sockets, timers or promises (ZooKeeper 3.9 client protocol, `ClientCnxn`). The driver reports
 * what happens (`opening`, `opened`, `received`, `closed`, `tick`) and what users want (`submit`,
 * `withdraw`, `addAuth`, `close`), and after each report carries out `ready()`. Times are readings
 * of one monotonic clock in milliseconds.
 *
 * Invariants:
 * 1. Requests are sent in the order of `submit` and settled in that order; each settles once.
 * 2. A notification precedes, among the effects, the reply of any read that shows its change.
 * 3. After `expired`, `auth-failed` or `closed` nothing is kept, sent or awaited any more.
 * 4. `#catchUpZxid` is below any zxid whose notifications may still be missing: only replies
 *    raise it, and only while no setWatches is unanswered.
 */
import { assert } from "../base/index.ts";
import {
  ErrorCode,
  FrameDecoder,
  JuteReader,
  OpCode,
  WireError,
  Xid,
  readConnectResponse,
  readReplyHeader,
} from "../wire/index.ts";
import type { ReplyHeader } from "../wire/index.ts";
import { authFailure, failureOf, lostFailure, overdueFailure } from "./request-failure.ts";
import { RequestQueue } from "./request-queue.ts";
import { RequestWriter } from "./request-writer.ts";
import type {
  AuthEntry,
  SessionEffect,
  SessionOptions,
  SessionReady,
  SessionRequest,
  SessionState,
} from "./session-request.ts";
import { chunkSetWatches } from "./set-watches.ts";
import { WatchTable, readWatchEvent } from "./watch-table.ts";
import { ZkError } from "./zk-error.ts";
import type { ZkErrorCode } from "./zk-error.ts";

/** `idle`: no connection; `handshake`: no answer to ConnectRequest yet; `ended`: final. */
type Phase = "idle" | "handshake" | "active" | "closing" | "ended";

/** One session, over any number of connections. */
export class Session {
  readonly #options: SessionOptions;
  readonly #reader = new JuteReader();
  readonly #writer = new RequestWriter();
  readonly #watches = new WatchTable();
  readonly #queue: RequestQueue;
  #decoder: FrameDecoder;
  #phase: Phase = "idle";
  #state: SessionState = "connecting";
  #effects: SessionEffect[] = [];
  #drop: ZkError | null = null;

  #sessionId = 0n;
  #password: Buffer = Buffer.alloc(16);
  #timeoutMs: number;
  #serverIsReadOnly = false;
  #lastZxidSeen = 0n;
  #catchUpZxid = 0n;

  #closeXid = 0;
  #auth: AuthEntry[];
  /** Credentials sent on this connection and unanswered, in order. */
  #authsSent: AuthEntry[] = [];
  #setWatchesUnanswered = 0;
  /** End of the handshake or of closing. */
  #phaseDeadlineMs = 0;
  #lastHeardMs = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#auth = [...options.auth];
    this.#queue = new RequestQueue(options);
    this.#decoder = new FrameDecoder(options.replyBytesMax);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** 0 until the first connection. */
  get sessionId(): bigint {
    return this.#sessionId;
  }

  /** As the server granted it; until then as asked for. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Whether the server of the last connection takes no writes. */
  get serverIsReadOnly(): boolean {
    return this.#serverIsReadOnly;
  }

  get lastZxidSeen(): bigint {
    return this.#lastZxidSeen;
  }

  /** Whether the session is over for good: no connection should be made for it. */
  get hasEnded(): boolean {
    return this.#phase === "ended";
  }

  /** The driver begins to open a connection; the time of the handshake starts. */
  opening(nowMs: number): void {
    assert(this.#phase === "idle", `Session is ${this.#phase}: it cannot open a connection`);
    this.#phase = "handshake";
    this.#phaseDeadlineMs = nowMs + this.#options.connectTimeoutMs;
    this.#decoder = new FrameDecoder(this.#options.replyBytesMax);
  }

  /** The connection is open: asks for the session. */
  opened(nowMs: number): void {
    if (this.#phase !== "handshake") return;
    const request = {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxidSeen,
      timeoutMs: this.#options.sessionTimeoutMs,
      sessionId: this.#sessionId,
      password: this.#password,
      readOnly: this.#options.readOnly,
    };
    this.#writer.connect(request, nowMs);
  }

  /** Bytes have come on the present connection. The session keeps no view of `chunk`. */
  received(chunk: Buffer, nowMs: number): void {
    if (this.#phase === "idle" || this.#phase === "ended") return;
    this.#lastHeardMs = nowMs;
    try {
      this.#decoder.push(chunk, (buffer, offset, end) => {
        if (this.#drop !== null) return;
        this.#reader.reset(buffer, offset, end);
        if (this.#phase === "handshake") this.#onConnectResponse(nowMs);
        else this.#onReply();
      });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#disconnect(error.message, error);
    }
  }

  /**
   * The connection has ended, or could not be opened. What was sent fails with `connectionLoss`;
   * what was not, waits for the next connection.
   */
  closed(cause: Error | null): void {
    if (this.#phase === "idle" || this.#phase === "ended") return;
    const phase = this.#phase;
    this.#phase = "idle";
    this.#drop = null;
    this.#writer.discard();
    this.#authsSent = [];
    this.#setWatchesUnanswered = 0;
    this.#failSent("connectionLoss", cause ?? undefined);
    if (phase === "closing") this.#end("closed", "clientClosed");
    else if (phase === "active") this.#setState("disconnected");
  }

  /** Takes a request: sends it, keeps it for the next connection, or refuses it at once. */
  submit(request: SessionRequest, nowMs: number): void {
    const ended = this.#endedCode();
    const refusal = ended === null ? this.#queue.refusalOf(request) : failureOf(request, ended);
    if (refusal !== null) this.#settle(request, refusal);
    else if (this.#phase === "active") this.#send(request, nowMs);
    else this.#queue.addWaiting(request, nowMs + this.#timeoutMs);
  }

  /** Forgets a request that waits for a connection; false when it has been sent or settled. */
  withdraw(request: SessionRequest): boolean {
    return this.#queue.takeOneWaiting(request);
  }

  /** Presents credentials now and on every later connection; an `auth` effect follows. */
  addAuth(entry: AuthEntry, nowMs: number): void {
    const ended = this.#endedCode();
    if (ended !== null) {
      this.#effects.push({ type: "auth", entry, failure: authFailure(entry, ended) });
      return;
    }
    this.#auth.push(entry);
    if (this.#phase === "active") this.#sendAuth(entry, nowMs);
  }

  /**
   * Ends the session: after the replies to earlier requests when connected, at once otherwise (the
   * ensemble then keeps it until it times out).
   */
  close(nowMs: number): void {
    if (this.#phase === "closing" || this.#phase === "ended") return;
    if (this.#phase !== "active") {
      this.#end("closed", "clientClosed");
      return;
    }
    this.#phase = "closing";
    this.#phaseDeadlineMs = nowMs + this.#options.connectTimeoutMs;
    this.#closeXid = this.#queue.takeXid();
    this.#writer.request({ xid: this.#closeXid, op: OpCode.closeSession }, null, nowMs);
  }

  /** Does what is due: pings, gives up a silent server, fails requests that waited too long. */
  tick(nowMs: number): void {
    for (const request of this.#queue.takeOverdue(nowMs)) {
      this.#settle(request, overdueFailure(request, this.#timeoutMs));
    }
    if (this.#phase === "handshake" || this.#phase === "closing") {
      if (nowMs < this.#phaseDeadlineMs) return;
      const what = this.#phase === "closing" ? "close" : "open";
      const ms = this.#options.connectTimeoutMs;
      this.#disconnect(`the server did not ${what} the session within ${ms} ms`);
    } else if (this.#phase === "active") {
      const silentMs = nowMs - this.#lastHeardMs;
      if (silentMs >= this.#readTimeoutMs()) {
        this.#disconnect(`the server was silent for ${Math.round(silentMs)} ms`);
      } else if (nowMs - this.#writer.lastWriteMs >= this.#pingIntervalMs()) {
        this.#writer.ping(nowMs);
      }
    }
  }

  /** When `tick` has something to do next; Infinity when never. */
  deadlineMs(): number {
    const waiting = this.#queue.deadlineMs();
    if (this.#phase === "handshake" || this.#phase === "closing") {
      return Math.min(waiting, this.#phaseDeadlineMs);
    }
    if (this.#phase !== "active") return waiting;
    const pingMs = this.#writer.lastWriteMs + this.#pingIntervalMs();
    return Math.min(waiting, pingMs, this.#lastHeardMs + this.#readTimeoutMs());
  }

  /**
   * What there is to do since the last call, in this order: send `bytes`; when `drop` is set, close
   * the connection and report `closed(drop)`; carry out `effects` one after the other.
   */
  ready(): SessionReady {
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return { bytes: this.#writer.take(), drop: this.#drop, effects };
  }

  #onConnectResponse(nowMs: number): void {
    const response = readConnectResponse(this.#reader);
    if (response.timeoutMs <= 0 || response.sessionId === 0n) {
      this.#end("expired", "sessionExpired");
      return;
    }
    this.#sessionId = response.sessionId;
    this.#password = Buffer.from(response.password);
    this.#timeoutMs = response.timeoutMs;
    this.#serverIsReadOnly = response.readOnly ?? false;
    this.#phase = "active";
    this.#setState("connected");
    for (const entry of this.#auth) this.#sendAuth(entry, nowMs);
    for (const watches of chunkSetWatches(this.#watches, this.#catchUpZxid)) {
      this.#writer.setWatches(watches, nowMs);
      this.#setWatchesUnanswered += 1;
    }
    for (const request of this.#queue.takeWaiting()) this.#send(request, nowMs);
  }

  #onReply(): void {
    const header = readReplyHeader(this.#reader);
    if (header.zxid > this.#lastZxidSeen) this.#lastZxidSeen = header.zxid;
    switch (header.xid) {
      case Xid.notification:
        this.#onNotification();
        return;
      case Xid.auth:
        this.#onAuthReply(header.err);
        return;
      case Xid.ping:
        break;
      case Xid.setWatches:
        if (header.err !== ErrorCode.ok) {
          this.#disconnect(`the server refused to restore watches: error ${header.err}`);
          return;
        }
        this.#setWatchesUnanswered -= 1;
        break;
      default:
        this.#onRequestReply(header);
    }
    const isCaughtUp = this.#setWatchesUnanswered === 0;
    if (isCaughtUp && header.zxid > this.#catchUpZxid) this.#catchUpZxid = header.zxid;
  }

  #onNotification(): void {
    const event = readWatchEvent(this.#reader);
    if (event === undefined) return;
    const watchers = this.#watches.takeTriggered(event.type, event.path);
    if (watchers.length > 0) this.#effects.push({ type: "watch", watchers, event });
  }

  #onAuthReply(err: number): void {
    const entry = this.#authsSent.shift();
    if (entry === undefined) {
      this.#disconnect("the server answered credentials that were not sent");
    } else if (err === ErrorCode.ok) {
      this.#effects.push({ type: "auth", entry, failure: null });
    } else {
      this.#end("auth-failed", "authFailed");
    }
  }

  #onRequestReply(header: ReplyHeader): void {
    if (this.#phase === "closing" && header.xid === this.#closeXid) {
      this.#end("closed", "clientClosed");
      return;
    }
    const request = this.#queue.takeAnswered(header.xid);
    this.#watches.register(request, header.err);
    if (header.err !== ErrorCode.ok) {
      this.#settle(request, ZkError.fromReply(header.err, request.action, request.path));
      return;
    }
    try {
      request.decode(this.#reader);
    } catch (error) {
      if (error instanceof WireError) {
        this.#settle(request, failureOf(request, "marshallingError", error));
      }
      throw error;
    }
    this.#settle(request, null);
  }

  #sendAuth(entry: AuthEntry, nowMs: number): void {
    this.#authsSent.push(entry);
    this.#writer.auth(entry, nowMs);
  }

  #send(request: SessionRequest, nowMs: number): void {
    const xid = this.#queue.addSent(request);
    this.#writer.request({ xid, op: request.op }, request.body, nowMs);
  }

  /** The code that requests fail with once the session is over or closing; null before. */
  #endedCode(): ZkErrorCode | null {
    if (this.#state === "expired") return "sessionExpired";
    if (this.#state === "auth-failed") return "authFailed";
    return this.#phase === "closing" || this.#phase === "ended" ? "clientClosed" : null;
  }

  #failSent(code: ZkErrorCode, cause?: unknown): void {
    for (const request of this.#queue.takeSent()) {
      this.#settle(request, lostFailure(request, code, cause));
    }
  }

  #settle(request: SessionRequest, failure: ZkError | null): void {
    this.#effects.push({ type: "settled", request, failure });
  }

  /** Gives up the present connection; the driver reports `closed` when that is done. */
  #disconnect(reason: string, cause?: unknown): void {
    const message = `Cannot go on with this connection: ${reason}`;
    this.#drop ??= new ZkError("connectionLoss", message, { cause });
  }

  #end(state: "expired" | "auth-failed" | "closed", code: ZkErrorCode): void {
    this.#setState(state);
    this.#phase = "ended";
    this.#writer.discard();
    this.#failSent(code);
    for (const request of this.#queue.takeWaiting()) {
      this.#settle(request, failureOf(request, code));
    }
    for (const entry of this.#auth) {
      this.#effects.push({ type: "auth", entry, failure: authFailure(entry, code) });
    }
    this.#auth = [];
    for (const [path, watchers] of this.#watches.takeAll()) {
      this.#effects.push({ type: "watch", watchers, event: { type: "watchLost", path } });
    }
    this.#disconnect(`the session is ${state}`);
  }

  #setState(state: SessionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#effects.push({ type: "state", state });
  }

  /** A server that is silent for this long is gone: two thirds of the session timeout. */
  #readTimeoutMs(): number {
    return (this.#timeoutMs * 2) / 3;
  }

  #pingIntervalMs(): number {
    return this.#timeoutMs / 3;
  }
}

/**
 * A simulated client: one session at a time, kept by pings, moved to another server when its
 * connection is lost, with several requests under way. It checks what any client is promised: replies
 * in the order of requests, a state that never goes back, writes that are seen, watches that tell,
 * fresh reads behind a sync. What it asks for is the business of `workload.ts`.
 */
import { randomInt } from "../../../src/base/index.ts";
import { configPath } from "../../../src/tree/index.ts";
import {
  ErrorCode,
  FrameDecoder,
  JuteReader,
  JuteWriter,
  OpCode,
  Xid,
  formatHex,
  readConnectResponse,
  writeConnectRequest,
  writeReadRequest,
  writeSetWatches,
} from "../../../src/wire/index.ts";
import type { ConnectRequest, EventType } from "../../../src/wire/index.ts";
import { createConnection } from "../machine/net.ts";
import type { Socket } from "../machine/net.ts";
import { Process } from "../machine/process.ts";
import { attachNetwork } from "../machine/net.ts";
import { Violation } from "../violation.ts";
import { ClientWatches } from "./client-watches.ts";
import { clientPort } from "./config-files.ts";
import { checkConfigRead, checkRead, checkWrite } from "./reply-check.ts";
import type { Reply } from "./reply-check.ts";
import { encodeWriteBody, opCodeOf, showRequest } from "./request.ts";
import type { ReadRequest, WriteRequest } from "./request.ts";
import type { World } from "./world.ts";

/** What all clients of a run know together. */
export interface Acknowledged {
  /** The newest write that any client was told of. */
  zxid: bigint;
}

type Pending =
  | { readonly kind: "write"; readonly request: WriteRequest; readonly above: bigint }
  | { readonly kind: "read"; readonly request: ReadRequest; readonly above: bigint }
  | { readonly kind: "sync"; readonly path: string; readonly above: bigint };

interface Connection {
  readonly socket: Socket;
  readonly decoder: FrameDecoder;
  readonly host: string;
  isOpen: boolean;
  /** Whether the server knows all watches. */
  isWatching: boolean;
  /** xid of the last write that was sent on it; 0 before the first. */
  lastWriteXid: number;
  lastHeardMs: number;
  lastSentMs: number;
  readonly pending: (Pending & { readonly xid: number })[];
  /** When the pings without an answer were sent. */
  readonly pings: number[];
}

const frameBytesMax = 4 * 1024 * 1024;

export class SimClient {
  readonly process: Process;
  readonly watches: ClientWatches;
  readonly #world: World;
  readonly #acknowledged: Acknowledged;
  readonly #id: number;
  #sessionId = 0n;
  #password: Buffer = Buffer.alloc(16);
  #timeoutMs: number;
  #lastZxid = 0n;
  #lastWriteZxid = 0n;
  #nextXid = 1;
  #connection: Connection | undefined;
  #serverIndex: number;
  #isClosing = false;
  /** Since when it is connected to one server, and that server has answered all along. */
  #steadySinceMs = Infinity;

  constructor(id: number, world: World, acknowledged: Acknowledged) {
    const { random, options, servers } = world;
    this.#id = id;
    this.#world = world;
    this.#acknowledged = acknowledged;
    this.#timeoutMs = options.sessionTimeoutMs;
    this.#serverIndex = randomInt(random, 0, servers.length);
    this.watches = new ClientWatches(`client ${id}`);
    const machine = `10.1.0.${id}`;
    const now = (): number => world.scheduler.nowMs;
    const clock = { rate: 1, monotonicMs: now, wallMs: now };
    this.process = new Process(world, { machine, life: 1 }, clock);
    attachNetwork(this.process, world.network);
  }

  get sessionId(): bigint {
    return this.#sessionId;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true && this.#connection.isWatching;
  }

  get pendingCount(): number {
    return this.#connection?.pending.length ?? 0;
  }

  /** The newest state that it has seen. */
  get lastZxid(): bigint {
    return this.#lastZxid;
  }

  /** For how long one server has answered it without a pause. */
  get steadyForMs(): number {
    return Math.max(0, this.#world.scheduler.nowMs - this.#steadySinceMs);
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  start(): void {
    this.process.enter(() => this.#connect());
    this.#keep();
  }

  /** Falls silent for good. */
  die(): void {
    this.process.end();
  }

  write(request: WriteRequest): void {
    const xid = this.#takeXid();
    const connection = this.#connection;
    const afterXid = connection?.lastWriteXid ?? 0;
    this.#world.history.asks(this.#sessionId, xid, { request, afterXid });
    if (connection?.isOpen === true) connection.lastWriteXid = xid;
    if (request.kind === "close") this.#isClosing = true;
    const above = this.#acknowledged.zxid;
    this.#request({ xid, kind: "write", request, above }, opCodeOf(request.kind), (writer) => {
      writer.writeRaw(encodeWriteBody(request));
    });
  }

  /** @param above what it must show at least; for reads behind a sync. */
  read(request: ReadRequest, above = 0n): void {
    const xid = this.#takeXid();
    this.#request({ xid, kind: "read", request, above }, opCodeOf(request.kind), (writer) => {
      writeReadRequest(writer, request);
    });
  }

  /** A read that shows all that anybody has been told of. */
  syncAndRead(request: ReadRequest): void {
    const above = this.#acknowledged.zxid;
    const { path } = request;
    this.#request({ xid: this.#takeXid(), kind: "sync", path, above }, OpCode.sync, (writer) => {
      writer.writeString(path);
    });
    this.read(request, above);
  }

  /** Pings, and leaves a server that does not answer. */
  #keep(): void {
    this.process.later(randomInt(this.#world.random, 20, 60), () => {
      this.#keep();
      const connection = this.#connection;
      if (connection === undefined) return;
      const { nowMs } = this.#world.scheduler;
      if (nowMs - connection.lastHeardMs > (this.#timeoutMs * 2) / 3) {
        this.#world.note(0n, `client ${this.#id} hears nothing from`, connection.host);
        connection.socket.destroy();
      } else if (connection.isOpen && nowMs - connection.lastSentMs > this.#timeoutMs / 4) {
        connection.pings.push(nowMs);
        this.#send(connection, Xid.ping, OpCode.ping, () => undefined);
      }
    });
  }

  #connect(): void {
    const { servers, scheduler } = this.#world;
    const server = servers[this.#serverIndex++ % servers.length]!;
    const socket = createConnection({ host: server.host, port: clientPort });
    const { nowMs } = scheduler;
    const connection: Connection = {
      socket,
      decoder: new FrameDecoder(frameBytesMax),
      host: server.host,
      isOpen: false,
      isWatching: false,
      lastWriteXid: 0,
      lastHeardMs: nowMs,
      lastSentMs: nowMs,
      pending: [],
      pings: [],
    };
    this.#connection = connection;
    this.#steadySinceMs = Infinity;
    socket.on("connect", () => this.#hello(connection));
    socket.on("data", (chunk: Buffer) => {
      connection.lastHeardMs = scheduler.nowMs;
      connection.decoder.push(chunk, (buffer, offset, end) => {
        if (this.#connection !== connection) return;
        this.#receive(connection, new JuteReader(Buffer.from(buffer.subarray(offset, end))));
      });
    });
    socket.on("error", () => undefined);
    socket.on("close", () => this.#lost(connection));
  }

  #hello({ socket }: Connection): void {
    const writer = new JuteWriter(64);
    const request: ConnectRequest = {
      protocolVersion: 0,
      lastZxidSeen: this.#lastZxid,
      timeoutMs: this.#world.options.sessionTimeoutMs,
      sessionId: this.#sessionId,
      password: this.#password,
      readOnly: false,
    };
    writeConnectRequest(writer, request);
    socket.write(framed(writer.take()));
  }

  #lost(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#steadySinceMs = Infinity;
    if (this.#isClosing && connection.isOpen) this.#newSession();
    this.process.later(randomInt(this.#world.random, 0, 200), () => this.#connect());
  }

  /** Another client takes the place of this one: it has seen nothing. */
  #newSession(): void {
    this.#sessionId = 0n;
    this.#password = Buffer.alloc(16);
    this.#lastZxid = 0n;
    this.#lastWriteZxid = 0n;
    this.#nextXid = 1;
    this.#isClosing = false;
    this.watches.clear();
  }

  #receive(connection: Connection, reader: JuteReader): void {
    if (!connection.isOpen) {
      this.#welcomed(connection, reader);
      return;
    }
    const reply: Reply & { readonly xid: number } = {
      xid: reader.readInt(),
      zxid: reader.readLong(),
      err: reader.readInt(),
      body: reader,
    };
    if (reply.xid === Xid.notification) {
      this.watches.told(
        reader.readInt() as EventType,
        (reader.readInt(), reader.readRequiredString("path")),
      );
      return;
    }
    this.#seen(reply.zxid);
    if (reply.xid === Xid.setWatches) {
      this.watches.rearmed(reply.zxid);
      connection.isWatching = true;
    }
    if (connection.isWatching) this.watches.shown(reply.zxid, this.#world.history.model);
    if (reply.xid === Xid.ping) connection.pings.shift();
    else if (reply.xid !== Xid.setWatches) this.#answered(connection, reply);
  }

  #welcomed(connection: Connection, reader: JuteReader): void {
    const { sessionId, timeoutMs, password } = readConnectResponse(reader);
    if (timeoutMs === 0) {
      // Its end may still be under way: whoever says so has proposed it at least.
      this.#newSession();
      connection.socket.destroy();
      return;
    }
    if (this.#sessionId !== 0n && sessionId !== this.#sessionId) {
      throw new Violation("sessions are kept", `client ${this.#id} got another session`);
    }
    this.#sessionId = sessionId;
    this.#timeoutMs = timeoutMs;
    this.#password = password;
    connection.isOpen = true;
    this.#steadySinceMs = this.#world.scheduler.nowMs;
    this.#world.note(0n, `client ${this.#id} has session`, sessionId, "at", connection.host);
    this.#send(connection, Xid.setWatches, OpCode.setWatches, (writer) => {
      writeSetWatches(writer, this.watches.request(this.#lastZxid), false);
    });
  }

  #answered(connection: Connection, reply: Reply & { readonly xid: number }): void {
    const pending = connection.pending.shift();
    if (pending?.xid !== reply.xid) {
      const text = `client ${this.#id} gets ${reply.xid}, expected ${pending?.xid}`;
      throw new Violation("replies come in order", text);
    }
    if (pending.kind === "write") this.#checkWrite(pending, reply);
    else if (pending.kind === "read") this.#checkRead(pending, reply);
  }

  #checkWrite(pending: Extract<Pending, { kind: "write" }>, reply: Reply): void {
    const { request, above } = pending;
    const { history } = this.#world;
    const { zxid } = reply;
    const outcome = history.outcomeOf(zxid);
    if (outcome === undefined) {
      const text = `${showRequest(request)} of client ${this.#id} as ${formatHex(zxid)}`;
      throw new Violation("acknowledged writes are decided", text);
    }
    if (zxid <= above || zxid <= this.#lastWriteZxid) {
      const text = `${showRequest(request)} as ${formatHex(zxid)}, after ${formatHex(above)} was acknowledged`;
      throw new Violation("writes are linearizable", text);
    }
    checkWrite(request, outcome, reply);
    this.#lastWriteZxid = zxid;
    if (zxid > this.#acknowledged.zxid) this.#acknowledged.zxid = zxid;
  }

  #checkRead({ request, above }: Extract<Pending, { kind: "read" }>, reply: Reply): void {
    const { zxid, err } = reply;
    if (zxid < above) {
      const text = `${showRequest(request)} shows ${formatHex(zxid)}, ${formatHex(above)} was acknowledged`;
      throw new Violation("synced reads are fresh", text);
    }
    const { model, members } = this.#world.history;
    if (request.path === configPath) {
      checkConfigRead(members, request, reply);
      return;
    }
    checkRead(model, request, reply);
    const isMissing = err === ErrorCode.noNode;
    if (request.watch && (!isMissing || request.kind === "exists")) {
      this.watches.add(request.kind, request.path, zxid, isMissing);
    }
  }

  /** The state that a session is shown never goes back. */
  #seen(zxid: bigint): void {
    if (zxid < this.#lastZxid) {
      const text = `client ${this.#id} sees ${formatHex(zxid)} after ${formatHex(this.#lastZxid)}`;
      throw new Violation("sessions never see the past", text);
    }
    this.#lastZxid = zxid;
  }

  #takeXid(): number {
    return this.#nextXid++;
  }

  #request(
    pending: Pending & { readonly xid: number },
    type: number,
    write: (writer: JuteWriter) => void,
  ): void {
    const connection = this.#connection;
    if (connection?.isOpen !== true) return;
    connection.pending.push(pending);
    this.#send(connection, pending.xid, type, write);
  }

  #send(
    connection: Connection,
    xid: number,
    type: number,
    write: (writer: JuteWriter) => void,
  ): void {
    const writer = new JuteWriter(64);
    writer.writeInt(xid);
    writer.writeInt(type);
    write(writer);
    connection.lastSentMs = this.#world.scheduler.nowMs;
    connection.socket.write(framed(writer.take()));
  }
}

function framed(payload: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(payload.length);
  return Buffer.concat([length, payload]);
}

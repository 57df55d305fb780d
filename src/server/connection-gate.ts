/**
 * What a client's connection asks of the server behind it. Connections know the session protocol
 * and the order of replies; everything that concerns the replicated state, other connections or
 * the server as a whole is on this side.
 */
import type { ReadService } from "../tree/index.ts";
import type { Acl, AuthPacket, ConnectRequest, Id, WireError } from "../wire/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { RequestLimits } from "./limits/index.ts";
import type { ConnectionStatistics } from "./statistics.ts";

/** What a connection asks of the server. */
export interface ConnectionGate {
  readonly reads: ReadService;
  readonly lastZxid: bigint;
  readonly statistics: ConnectionStatistics;
  readonly limits: RequestLimits;
  nowMs(): number;
  /** The first frame of the connection. */
  connect(connection: ClientConnection, request: ConnectRequest): void;
  /** A write or the closing of the session; its transaction will come back. */
  submit(connection: ClientConnection, request: ClientRequest): void;
  sync(connection: ClientConnection, path: string): void;
  /** Adds identities for `packet`; false when they are refused. */
  authenticate(connection: ClientConnection, packet: AuthPacket): boolean;
  touch(connection: ClientConnection): void;
  /** The stream began with four letters, and `rest`: false when they are no word. */
  fourLetterWord(connection: ClientConnection, word: string, rest: Buffer): boolean;
  mayRead(acl: readonly Acl[], authInfo: readonly Id[]): boolean;
  /** The connection has output to be flushed at the end of the turn. */
  hasOutput(connection: ClientConnection): void;
  /** What the client sent cannot be read; the connection is being closed. */
  refused(connection: ClientConnection, error: WireError): void;
  /** A reply is longer than clients accept who have the server's limit. */
  sentTooMuch(connection: ClientConnection, reply: LongReply): void;
  closed(connection: ClientConnection): void;
}

/** A reply above `jute.maxbuffer`: most clients will close the connection over it. */
export interface LongReply {
  readonly type: number;
  /** What the request was about; empty when it was about several nodes. */
  readonly path: string;
  /** Length of its frame, in bytes. */
  readonly bytes: number;
}

/** A request that is replicated. */
export interface ClientRequest {
  readonly xid: number;
  readonly type: number;
  /** Valid during the call only. */
  readonly body: Buffer;
}

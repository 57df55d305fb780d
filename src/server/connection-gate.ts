/**
 * What a client's connection asks of the server behind it. Connections know the session protocol
 * and the order of replies; everything that concerns the replicated state, other connections or
 * the server as a whole is on this side.
 */
import type { ReadService } from "../tree/index.ts";
import type { Acl, ConnectRequest, Id, WireError } from "../wire/index.ts";
import type { ClientAuthenticator } from "./auth/index.ts";
import type { WordOutcome } from "./framed-socket.ts";
import type { RequestLimits } from "./limits/index.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import type { ConnectionStatistics } from "./statistics.ts";

/** What a connection asks of the server. */
export interface ConnectionGate<Connection> {
  readonly reads: ReadService;
  readonly lastZxid: bigint;
  readonly statistics: ConnectionStatistics;
  readonly limits: RequestLimits;
  /** Whether ClickHouse Keeper's operations are understood. */
  readonly clickHouse: boolean;
  readonly metrics: ServerMetrics;
  readonly authenticator: ClientAuthenticator;
  nowMs(): number;
  /** The first frame of the connection. */
  connect(connection: Connection, request: ConnectRequest): void;
  /** A write or the closing of the session; its transaction will come back. */
  submit(connection: Connection, request: ClientRequest): void;
  /** The client ends its local session. */
  endLocal(connection: Connection): void;
  sync(connection: Connection, path: string): void;
  touch(connection: Connection): void;
  /** The stream began with four letters, and `rest`. */
  fourLetterWord(connection: Connection, word: string, rest: Buffer): WordOutcome;
  mayRead(acl: readonly Acl[], authInfo: readonly Id[]): boolean;
  /** The connection has output to be flushed at the end of the turn. */
  hasOutput(connection: Connection): void;
  /** What the client sent cannot be read; the connection is being closed. */
  refused(connection: Connection, error: WireError): void;
  /** A reply is longer than clients accept who have the server's limit. */
  sentTooMuch(connection: Connection, reply: LongReply): void;
  closed(connection: Connection): void;
}

/** A reply above `jute.maxbuffer`: most clients will close the connection over it. */
export interface LongReply {
  readonly type: number;
  /** What the request was about; empty when it was about several nodes. */
  readonly path: string;
  /** Its length without the length field, in bytes. */
  readonly bytes: number;
}

/** A request that is replicated. */
export interface ClientRequest {
  readonly xid: number;
  readonly type: number;
  /** Valid during the call only. */
  readonly body: Buffer;
}

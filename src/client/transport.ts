/**
 * The seam between the client and the network: a stream of bytes to one server. The client knows
 * only this; `transport-node.ts` implements it on TCP, and tests on nothing at all. No method may
 * call a handler before it returns.
 */
import type { ServerAddress } from "./connect-string.ts";

/** What a connection reports, in order: `opened` once, `received` any number of times, `closed`. */
export interface TransportHandlers {
  opened(): void;
  /** The bytes belong to the transport after the call. */
  received(chunk: Buffer): void;
  /** Once, whether or not it was ever open; nothing follows. `cause` is null for a plain end. */
  closed(cause: Error | null): void;
}

/** One connection, from the first attempt to open it. */
export interface TransportConnection {
  /** Sends bytes, which the caller does not touch again. Ignored unless the connection is open. */
  send(bytes: Buffer): void;
  /** Ends the connection after what was sent; `closed` is not called any more. */
  close(): void;
}

/** A way to reach servers. */
export interface Transport {
  /** Begins to open a connection; gives up only by `close`. */
  connect(server: ServerAddress, handlers: TransportHandlers): TransportConnection;
}

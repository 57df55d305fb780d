/** A request of a client that has no answer yet, as its connection keeps it. */

export interface PendingRequest {
  readonly xid: number;
  readonly type: number;
  /** The body of a request that waits its turn; null for one that was sent on. */
  readonly body: Buffer | null;
  /** Length of the request's frame, in bytes. */
  readonly bytes: number;
  /** Not 0: the answer, whatever the request is. */
  readonly err: number;
  readonly receivedAtMs: number;
}

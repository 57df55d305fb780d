/**
 * Ids for new sessions: the low byte of the server's id, then 40 bits of wall-clock milliseconds
 * at the process's start, then 16 bits; counted up from there (ZooKeeper's layout, but seeded by
 * the wall clock: ids from a clock that restarts with the machine come again).
 *
 * A wall clock that was set back can lead to ids that were used before, never to one that is in
 * use: those are skipped. Servers whose ids have the low byte in common are told apart by the
 * millisecond of their start alone.
 */
const countMask = (1n << 56n) - 1n;

export class SessionIds {
  readonly #server: bigint;
  readonly #isTaken: (id: bigint) => boolean;
  #count: bigint;

  constructor(sid: bigint, wallMs: number, isTaken: (id: bigint) => boolean) {
    this.#server = BigInt.asUintN(8, sid) << 56n;
    this.#count = (BigInt(wallMs) << 16n) & countMask;
    this.#isTaken = isTaken;
  }

  /** An id that no session has and that this process has not given out before. */
  next(): bigint {
    for (;;) {
      this.#count = (this.#count + 1n) & countMask;
      const id = BigInt.asIntN(64, this.#server | this.#count);
      // A count of 0 would make the id that asks for a new session, or that of container nodes.
      if (this.#count !== 0n && !this.#isTaken(id)) return id;
    }
  }
}

/** Whether a server with the id `sid` may have given out `sessionId`. */
export function isIssuedBy(sessionId: bigint, sid: bigint): boolean {
  return BigInt.asUintN(8, sessionId >> 56n) === BigInt.asUintN(8, sid);
}

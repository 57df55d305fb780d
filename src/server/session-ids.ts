/**
 * Ids for new sessions: the server's id in the top byte, then 40 bits of wall-clock milliseconds
 * and a counter (ZooKeeper's layout, but seeded by the wall clock: ids from a clock that restarts
 * with the machine come again).
 */
export class SessionIds {
  #next: bigint;

  constructor(sid: bigint, wallMs: number) {
    const time = BigInt.asUintN(64, BigInt(wallMs) << 24n) >> 8n;
    this.#next = time | (BigInt.asUintN(8, sid) << 56n);
  }

  /** An id that this process has not given out before. */
  next(): bigint {
    this.#next += 1n;
    return BigInt.asIntN(64, this.#next);
  }
}

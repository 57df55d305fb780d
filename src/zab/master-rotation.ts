/**
 * The followers that an observer tries, one after the other: each voter but the leader once, in
 * random order, before any is tried again. It outlives roles, so that whoever fails an observer is
 * the last to be asked next.
 */
import { randomInt } from "../base/index.ts";
import type { Random } from "../base/index.ts";

export class MasterRotation {
  readonly #random: Random;
  /** To be tried before the order is drawn again. */
  #left: bigint[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** The next one; undefined when the leader is the only voter. */
  next(voters: readonly bigint[], leader: bigint): bigint | undefined {
    const isAble = (sid: bigint): boolean => sid !== leader && voters.includes(sid);
    this.#left = this.#left.filter(isAble);
    if (this.#left.length === 0) this.#left = voters.filter(isAble);
    if (this.#left.length === 0) return undefined;
    return this.#left.splice(randomInt(this.#random, 0, this.#left.length), 1)[0];
  }
}

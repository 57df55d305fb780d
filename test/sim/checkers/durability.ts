/**
 * Acknowledged means durable: at the moment of its commit, a transaction is on the disks of more
 * than half of the voters, and no log that is cut and no snapshot that is installed changes that.
 * Unlike the other checkers this one looks behind the servers' backs.
 */
import { formatHex } from "../../../src/wire/index.ts";
import { contains } from "../chain.ts";
import type { ChainNode } from "../chain.ts";
import { Violation } from "../violation.ts";

/** What one voter's disk would give back after a crash. */
export type DurableHistory = ChainNode;

export class Durability {
  readonly #disks: () => readonly DurableHistory[];

  constructor(disks: () => readonly DurableHistory[]) {
    this.#disks = disks;
  }

  committed(node: ChainNode): void {
    if (node.count === 0) return;
    const disks = this.#disks();
    const holders = disks.filter((tip) => contains(tip, node)).length;
    if (holders * 2 > disks.length) return;
    const text = `${formatHex(node.zxid)} is on ${holders} of ${disks.length} disks`;
    throw new Violation("committed means durable", text);
  }
}

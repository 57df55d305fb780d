/**
 * The safety checkers, fed with what servers serve. A history counts as committed as soon as a
 * leader in service holds it: what it had when its quorum was complete, and what it delivers from
 * then on. That is when clients are told, so it is what must never be lost.
 */
import type { ChainNode } from "../chain.ts";
import { Agreement } from "./agreement.ts";
import { Durability } from "./durability.ts";
import type { DurableHistory } from "./durability.ts";
import { Epochs } from "./epochs.ts";
import type { Observation } from "./observation.ts";
import { WriteOrder } from "./write-order.ts";

export class Checkers {
  readonly #epochs = new Epochs();
  readonly #agreement = new Agreement();
  readonly #order = new WriteOrder();
  readonly #durability: Durability | undefined;

  /** @param durable the voters' disks; without it, only what clients can see is checked. */
  constructor(durable: (() => readonly DurableHistory[]) | undefined) {
    this.#durability = durable && new Durability(durable);
  }

  /** The newest transaction that is known to be committed. */
  get committed(): ChainNode {
    return this.#agreement.newest;
  }

  /** How many epochs had a leader in service. */
  get epochCount(): number {
    return this.#epochs.count;
  }

  /** A server has cut its log or installed a snapshot. */
  diskReplaced(): void {
    this.#durability?.committed(this.#agreement.newest);
  }

  serves(observation: Observation): void {
    const { leaderEpoch } = observation;
    if (leaderEpoch === undefined) {
      this.#agreement.expectPrefix(observation);
      return;
    }
    const standing = this.#epochs.leads(observation, leaderEpoch);
    if (standing === "superseded") {
      this.#agreement.expectPrefix(observation);
      return;
    }
    const added = this.#agreement.extend(observation, standing === "new");
    if (added.length === 0) return;
    for (const node of added) this.#order.committed(node);
    this.#durability?.committed(this.#agreement.newest);
  }
}

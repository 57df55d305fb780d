/**
 * One leader per epoch: an epoch is established by one life of one server. A leader whose epoch
 * is not the highest that was ever established may not know it yet, but can commit nothing new.
 */
import { Violation } from "../violation.ts";
import type { Observation } from "./observation.ts";

/** How a leader stands: at its first appearance, in its epoch, or after a later epoch began. */
export type Standing = "new" | "current" | "superseded";

export class Epochs {
  readonly #leaders = new Map<number, string>();
  #highest = 0;

  get count(): number {
    return this.#leaders.size;
  }

  leads(observation: Observation, epoch: number): Standing {
    const name = `server ${observation.sid} (start ${observation.life})`;
    const known = this.#leaders.get(epoch);
    if (known !== undefined && known !== name) {
      const text = `${known} and ${name} both led epoch ${epoch}`;
      throw new Violation("one leader per epoch", text);
    }
    this.#leaders.set(epoch, name);
    if (epoch < this.#highest) return "superseded";
    this.#highest = epoch;
    return known === undefined ? "new" : "current";
  }
}

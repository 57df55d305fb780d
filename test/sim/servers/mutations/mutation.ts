/** What a planted defect is. */
import type { Edit } from "../../machine/substitution.ts";
import type { SimOptions } from "../options.ts";

/** A defect to be planted in the source on its way into the simulator. */
export interface Mutation {
  readonly name: string;
  /** What the broken server does. */
  readonly defect: string;
  /** Where it was seen: reports of others, papers, or our own rules. */
  readonly seenIn: string;
  readonly edits: readonly Edit[];
  /** Options in place of those that a seed draws, where the defect needs rare circumstances. */
  readonly override?: Partial<SimOptions>;
}

/**
 * The budget for voluntary disruptions, such as drained nodes: one voter at a time. It counts the
 * voters of the committed membership, not the wanted ones, since those are whom a quorum is of.
 */
import { ROLE_LABEL, buildChild, memberLabels } from "./child.ts";
import type { SpecObject, Owner } from "./child.ts";

/** Fewer voters than this cannot do without any: a budget would only hold drains up for ever. */
const VOTERS_MIN = 3;

/**
 * The budget, or null if there is to be none.
 *
 * @param voters - number of voters in the committed membership.
 */
export function buildPodDisruptionBudget(owner: Owner, voters: number): SpecObject | null {
  const { ensemble } = owner;
  if (!ensemble.spec.podDisruptionBudget.enabled || voters < VOTERS_MIN) return null;
  return buildChild(owner, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    name: ensemble.metadata.name,
    content: {
      spec: {
        minAvailable: voters - 1,
        selector: { matchLabels: { ...memberLabels(ensemble), [ROLE_LABEL]: "voter" } },
        // A voter that is not ready is in no quorum, so its node can be had.
        unhealthyPodEvictionPolicy: "AlwaysAllow",
      },
    },
  });
}

/**
 * The role label of pods, kept true: the disruption budget and people select by it. Without a
 * quorum the labels stay as they are.
 */
import { ROLE_LABEL } from "../desired/child.ts";
import { KubeError } from "../kube/index.ts";
import type { KubeClient } from "../kube/index.ts";
import type { Membership } from "../plan/ensemble-observed.ts";
import { labelsOf } from "./cluster-reader.ts";
import { isBeingDeleted } from "./observe-pods.ts";
import type { Observation } from "./observe.ts";
import { FIELD_MANAGER, POD } from "./resources.ts";

/** Labels the pods whose label is not true. */
export async function labelRoles(observation: Observation, client: KubeClient): Promise<void> {
  const { committed } = observation.observed;
  if (committed === null) return;
  for (const [sid, pod] of observation.pods) {
    const role = roleOf(committed, sid);
    if (isBeingDeleted(pod) || labelsOf(pod.metadata)[ROLE_LABEL] === role) continue;
    const { name, namespace, uid } = pod.metadata;
    const metadata = { name, ...(namespace === undefined ? {} : { namespace }), uid };
    const labels = { [ROLE_LABEL]: role };
    try {
      await client.apply(
        POD,
        { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, labels } },
        { fieldManager: FIELD_MANAGER, force: true },
      );
    } catch (error) {
      // It went while we looked.
      const isGone = error instanceof KubeError && error.code === "CONFLICT";
      if (!isGone) throw error;
    }
  }
}

function roleOf({ voters, observers }: Membership, sid: number): "voter" | "observer" | "joining" {
  if (voters.includes(sid)) return "voter";
  return observers.includes(sid) ? "observer" : "joining";
}

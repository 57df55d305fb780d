/**
 * What the operator writes on pods, kept true: the role label, by which the disruption budget and
 * people select, and which settings their ConfigMap has. A kubelet looks at a pod's volumes when
 * the pod changes, and every minute or so otherwise; with that, members get other settings at once.
 * Without a quorum all stays as it is.
 */
import { hashText } from "../../base/index.ts";
import { ROLE_LABEL } from "../desired/child.ts";
import { KubeError } from "../kube/index.ts";
import type { KubeClient, KubeObject } from "../kube/index.ts";
import type { Membership } from "../plan/ensemble-observed.ts";
import { labelsOf } from "./cluster-reader.ts";
import { isBeingDeleted } from "./observe-pods.ts";
import type { Observation } from "./observe.ts";
import { FIELD_MANAGER, POD, SETTINGS } from "./resources.ts";

/** Writes on the pods where that is not true. */
export async function markPods(observation: Observation, client: KubeClient): Promise<void> {
  const { committed } = observation.observed;
  if (committed === null) return;
  const settings = mountedSettings(observation.live.configMap);
  for (const [sid, pod] of observation.pods) {
    const role = roleOf(committed, sid);
    const isTrue =
      labelsOf(pod.metadata)[ROLE_LABEL] === role && annotationsOf(pod)[SETTINGS] === settings;
    if (isBeingDeleted(pod) || isTrue) continue;
    const { name, namespace, uid } = pod.metadata;
    const metadata = {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      labels: { [ROLE_LABEL]: role },
      ...(settings === undefined ? {} : { annotations: { [SETTINGS]: settings } }),
    };
    try {
      await client.apply(
        POD,
        { apiVersion: "v1", kind: "Pod", metadata },
        { fieldManager: FIELD_MANAGER, force: true },
      );
    } catch (error) {
      // It went while we looked.
      const isGone = error instanceof KubeError && error.code === "CONFLICT";
      if (!isGone) throw error;
    }
  }
}

/** What stands for the settings that pods mount; undefined while there are none. */
function mountedSettings(configMap: KubeObject | undefined): string | undefined {
  const data = configMap?.["data"] as Readonly<Record<string, string>> | undefined;
  const text = data?.["zoo.cfg"];
  return text === undefined ? undefined : hashText(text);
}

function annotationsOf({ metadata }: KubeObject): Readonly<Record<string, string>> {
  return (metadata["annotations"] ?? {}) as Readonly<Record<string, string>>;
}

function roleOf({ voters, observers }: Membership, sid: number): "voter" | "observer" | "joining" {
  if (voters.includes(sid)) return "voter";
  return observers.includes(sid) ? "observer" : "joining";
}

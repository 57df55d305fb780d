/**
 * The objects of the Prometheus operator, which a cluster may not know. They are not watched, since
 * that would need their kinds to be there: they are applied when what is wanted changes, and once
 * after a start.
 */
import type { Logger } from "../../observe/index.ts";
import { KubeError } from "../kube/index.ts";
import type { EventRecorder, KubeClient, Manifest, ResourceType } from "../kube/index.ts";
import { tell } from "./action-events.ts";
import { buildMonitoring } from "./desired-children.ts";
import type { EnsembleMemory } from "./ensemble-memory.ts";
import { isOwnedBy } from "./live-children.ts";
import type { Subject } from "./live-children.ts";
import { FIELD_MANAGER, MONITORING } from "./resources.ts";

/** What monitoring is kept with. */
export interface MonitoringOptions {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly logger: Logger;
}

/** Brings the objects up to date, as far as the cluster knows their kinds. */
export async function keepMonitoring(
  subject: Subject,
  memory: EnsembleMemory,
  options: MonitoringOptions,
): Promise<void> {
  const { object, ensemble } = subject;
  const wanted = buildMonitoring({ ensemble, uid: object.metadata.uid });
  for (const type of MONITORING) {
    const manifest = wanted.find(({ kind }) => kind === type.kind);
    const text = manifest === undefined ? null : JSON.stringify(manifest);
    const before = memory.monitoring.get(type.kind);
    if (before === text) continue;
    try {
      if (manifest !== undefined) await apply(type, manifest, options);
      else if (before !== undefined || isNewSpec(subject)) await remove(type, subject, options);
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== "NOT_FOUND") throw error;
      if (manifest !== undefined) {
        tell(options.events, object, {
          type: "Warning",
          reason: "KindMissing",
          action: "Monitor",
          note: `This cluster does not know the kind ${type.kind}`,
        });
      }
    }
    memory.monitoring.set(type.kind, text);
  }
}

/** Whether the specification has changed since it was looked at last, by whomever. */
function isNewSpec({ object, ensemble }: Subject): boolean {
  return object.metadata["generation"] !== ensemble.status?.observedGeneration;
}

async function apply(
  type: ResourceType,
  manifest: Manifest,
  { client }: MonitoringOptions,
): Promise<void> {
  await client.apply(type, manifest, { fieldManager: FIELD_MANAGER, force: true });
}

async function remove(
  type: ResourceType,
  { object }: Subject,
  { client }: MonitoringOptions,
): Promise<void> {
  const { name, namespace = "", uid } = object.metadata;
  const there = await client.get(type, { namespace, name });
  if (!isOwnedBy(there, uid)) return;
  const { metadata } = there;
  await client.delete(type, { namespace, name }, { uid: metadata.uid });
}

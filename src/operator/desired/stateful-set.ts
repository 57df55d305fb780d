/**
 * The StatefulSets of an ensemble: one of the voters-to-be, one of the observers. They keep pods,
 * names and volumes together, and decide nothing: pods start in any order (`Parallel`), are
 * replaced only when the operator deletes them (`OnDelete`), and volumes stay until the operator
 * removes them.
 */
import type { Ensemble } from "../api/ensemble.ts";
import type { VolumeSpec } from "../api/ensemble-spec.ts";
import { buildChild, membersServiceName } from "./child.ts";
import type { SpecObject, Owner } from "./child.ts";
import { buildPodTemplate, componentLabels } from "./pod-template.ts";
import type { PodOptions } from "./pod-template.ts";

/** What the operator has decided about a StatefulSet. */
export interface StatefulSetOptions extends PodOptions {
  /** Pods now; while members come and go one by one it is not what the spec says. */
  readonly replicas: number;
  /**
   * The sizes of the volumes that the StatefulSet makes, by their names, if it is there: they
   * cannot be changed. Where nothing is said they are the spec's.
   */
  readonly volumeSizes?: VolumeSizes;
}

/** Sizes of volumes by name: "data" and "log". */
export type VolumeSizes = Readonly<Record<string, string>>;

/** One of the two StatefulSets. */
export function buildStatefulSet(owner: Owner, options: StatefulSetOptions): SpecObject {
  const { ensemble } = owner;
  const volumes = Object.entries(volumesOf(ensemble)).map(([name, volume]) =>
    claim(name, { ...volume, size: options.volumeSizes?.[name] ?? volume.size }),
  );
  return buildChild(owner, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    name: statefulSetName(ensemble, options.component),
    content: {
      spec: {
        serviceName: membersServiceName(ensemble),
        replicas: options.replicas,
        ...ordinalsOf(ensemble, options.component),
        podManagementPolicy: "Parallel",
        updateStrategy: { type: "OnDelete" },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        selector: { matchLabels: componentLabels(ensemble, options.component) },
        template: buildPodTemplate(ensemble, options),
        volumeClaimTemplates: volumes,
      },
    },
  });
}

/** The volumes that each member is to have, by name. */
export function volumesOf({ spec }: Ensemble): Readonly<Record<string, VolumeSpec>> {
  const { logVolume, ...data } = spec.storage;
  return logVolume === undefined ? { data } : { data, log: logVolume };
}

/** The id of a member is its ordinal and 1, also where the first ids are those of others. */
function ordinalsOf({ status }: Ensemble, component: PodOptions["component"]): object {
  const start = (status?.firstId ?? 1) - 1;
  return start === 0 || component === "observer" ? {} : { ordinals: { start } };
}

function statefulSetName({ metadata }: Ensemble, component: PodOptions["component"]): string {
  return component === "member" ? metadata.name : `${metadata.name}-observers`;
}

function claim(name: string, { size, storageClassName }: VolumeSpec): object {
  return {
    metadata: { name },
    spec: {
      accessModes: ["ReadWriteOnce"],
      ...(storageClassName === undefined ? {} : { storageClassName }),
      resources: { requests: { storage: size } },
    },
  };
}

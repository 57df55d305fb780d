/**
 * The pods of members. They meet Kubernetes' `restricted` pod security standard whatever the spec
 * says, write to their volumes and /tmp only, and have no token of the API server.
 */
import type { Ensemble } from "../api/ensemble.ts";
import type { EnsembleSpec, ProbeSpec } from "../api/ensemble-spec.ts";
import { MEMBER_PORTS, memberLabels } from "./child.ts";
import type { Labels } from "./child.ts";
import { serviceAccountName } from "./identity.ts";

/** What the operator has decided about pods. */
export interface PodOptions {
  /** Which of the two sets of pods: those with a vote, or observers. */
  readonly component: "member" | "observer";
  /** The whole reference of the image. */
  readonly image: string;
  /** The container's arguments. */
  readonly args: readonly string[];
  /** The ConfigMap that is mounted at `CONFIG_FOLDER`. */
  readonly configMapName: string;
  /** Stands for those settings that take effect at a restart only. */
  readonly configHash: string;
}

/** Where things are in a pod. */
const CONFIG_FOLDER = "/etc/ensemble";
export const DATA_FOLDER = "/var/lib/ensemble/data";
/** Only there if the log has a volume of its own. */
export const LOG_FOLDER = "/var/lib/ensemble/log";

/** Labels that exactly the pods of one of the two sets have. */
export function componentLabels(ensemble: Ensemble, component: PodOptions["component"]): Labels {
  return { ...memberLabels(ensemble), "app.kubernetes.io/component": component };
}

/** The template of a StatefulSet. */
export function buildPodTemplate(ensemble: Ensemble, options: PodOptions): object {
  const { podTemplate } = ensemble.spec;
  return {
    metadata: {
      labels: { ...podTemplate.labels, ...componentLabels(ensemble, options.component) },
      annotations: { ...podTemplate.annotations, "ensemble.dev/config-hash": options.configHash },
    },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      serviceAccountName: serviceAccountName(ensemble),
      terminationGracePeriodSeconds: podTemplate.terminationGracePeriodSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: podTemplate.runAsUser,
        runAsGroup: podTemplate.runAsGroup,
        fsGroup: podTemplate.fsGroup,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...placement(ensemble),
      ...present({
        imagePullSecrets: nonEmpty(ensemble.spec.image.pullSecrets),
        priorityClassName: podTemplate.priorityClassName,
        runtimeClassName: podTemplate.runtimeClassName,
      }),
      containers: [buildContainer(ensemble.spec, options)],
      volumes: [
        { name: "config", configMap: { name: options.configMapName } },
        { name: "tmp", emptyDir: {} },
      ],
    },
  };
}

function buildContainer(spec: EnsembleSpec, { image, args }: PodOptions): object {
  const { probes, resources, service, storage } = spec;
  const ports = { client: service.client.port, ...MEMBER_PORTS };
  return {
    name: "ensemble",
    image,
    imagePullPolicy: spec.image.pullPolicy,
    args,
    env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    ports: Object.entries(ports).map(([name, containerPort]) => ({
      name,
      containerPort,
      protocol: "TCP",
    })),
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    startupProbe: probe("/startupz", probes.startup),
    livenessProbe: probe("/livez", probes.liveness),
    readinessProbe: probe("/readyz", probes.readiness),
    volumeMounts: [
      { name: "config", mountPath: CONFIG_FOLDER, readOnly: true },
      { name: "data", mountPath: DATA_FOLDER },
      ...(storage.logVolume === undefined ? [] : [{ name: "log", mountPath: LOG_FOLDER }]),
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}

/** Where pods go: as the spec says, and unless it does, on nodes of their own where possible. */
function placement(ensemble: Ensemble): object {
  const { affinity, nodeSelector, schedulerName, tolerations, topologySpreadConstraints } =
    ensemble.spec.podTemplate;
  const labelSelector = { matchLabels: memberLabels(ensemble) };
  const apart = { weight: 100, podAffinityTerm: { labelSelector, topologyKey: HOST } };
  return present({
    affinity: affinity ?? {
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [apart] },
    },
    nodeSelector: Object.keys(nodeSelector).length === 0 ? undefined : nodeSelector,
    schedulerName,
    tolerations: nonEmpty(tolerations),
    topologySpreadConstraints: nonEmpty(
      topologySpreadConstraints.map((constraint) => ({ labelSelector, ...constraint })),
    ),
  });
}

const HOST = "kubernetes.io/hostname";

function probe(path: string, times: ProbeSpec): object {
  return { httpGet: { path, port: "admin" }, ...times };
}

function nonEmpty<T>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

/** Without the fields that are not set: what is left out is left to Kubernetes. */
function present(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

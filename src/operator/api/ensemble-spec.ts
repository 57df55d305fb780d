/**
 * What a user may ask of an ensemble, as types. Each interface stands for the schema node of the
 * same name in the files `*-schema.ts`, where every field is described; optional here is what has
 * no default there. Quantities are texts of Kubernetes, such as "10Gi".
 */

/** What is wanted. */
export interface EnsembleSpec {
  readonly replicas: number;
  readonly observers: number;
  readonly version?: string;
  readonly image: ImageSpec;
  readonly storage: StorageSpec;
  readonly resources: ResourcesSpec;
  /** Settings of a `zoo.cfg` for every member, by key. */
  readonly config: Readonly<Record<string, string>>;
  readonly podTemplate: PodTemplateSpec;
  readonly service: ServiceSpec;
  readonly podDisruptionBudget: { readonly enabled: boolean };
  readonly probes: ProbesSpec;
  readonly tls: TlsSpec;
  readonly metrics: MetricsSpec;
  readonly networkPolicy: NetworkPolicySpec;
  readonly clusterDomain: string;
  readonly bootstrap: BootstrapSpec;
  readonly progressDeadlineSeconds: number;
  readonly recovery?: RecoverySpec;
  readonly paused: boolean;
  readonly hibernated: boolean;
  readonly deletionProtection: boolean;
}

export interface ImageSpec {
  readonly repository?: string;
  readonly digest?: string;
  readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
  readonly pullSecrets: readonly { readonly name: string }[];
}

export interface VolumeSpec {
  readonly size: string;
  readonly storageClassName?: string;
}

export interface StorageSpec extends VolumeSpec {
  readonly logVolume?: VolumeSpec;
  readonly retention: RetentionSpec;
}

export interface RetentionSpec {
  readonly whenScaled: "Retain" | "Delete";
  readonly whenDeleted: "Retain" | "Delete";
}

export interface ResourcesSpec {
  readonly requests: Readonly<Record<string, string | number>>;
  readonly limits: Readonly<Record<string, string | number>>;
}

export interface PodTemplateSpec {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly TolerationSpec[];
  readonly affinity?: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints: readonly Readonly<Record<string, unknown>>[];
  readonly priorityClassName?: string;
  readonly runtimeClassName?: string;
  readonly schedulerName?: string;
  readonly serviceAccountName?: string;
  readonly terminationGracePeriodSeconds: number;
  readonly runAsUser: number;
  readonly runAsGroup: number;
  readonly fsGroup: number;
}

export interface TolerationSpec {
  readonly key?: string;
  readonly operator?: "Exists" | "Equal";
  readonly value?: string;
  readonly effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  readonly tolerationSeconds?: number;
}

export interface ServiceSpec {
  readonly client: ClientServiceSpec;
  readonly external?: ExternalServiceSpec;
}

export interface ClientServiceSpec {
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer";
  readonly port: number;
  readonly nodePort?: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly loadBalancerClass?: string;
  readonly loadBalancerSourceRanges: readonly string[];
}

export interface ExternalServiceSpec {
  readonly type: "NodePort" | "LoadBalancer";
  readonly annotations: Readonly<Record<string, string>>;
  readonly loadBalancerClass?: string;
  readonly loadBalancerSourceRanges: readonly string[];
}

export interface ProbesSpec {
  readonly startup: ProbeSpec;
  readonly liveness: ProbeSpec;
  readonly readiness: ProbeSpec;
}

export interface ProbeSpec {
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface TlsSpec {
  readonly client?: ClientTlsSpec;
  readonly quorum?: { readonly secretName: string };
}

export interface ClientTlsSpec {
  readonly secretName: string;
  readonly clientAuthentication: "None" | "Want" | "Need";
  readonly plaintext: boolean;
}

export interface MetricsSpec {
  readonly serviceMonitor: ServiceMonitorSpec;
  readonly rules: MonitoringObjectSpec;
}

export interface MonitoringObjectSpec {
  readonly enabled: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ServiceMonitorSpec extends MonitoringObjectSpec {
  readonly intervalSeconds: number;
}

export interface NetworkPolicySpec {
  readonly enabled: boolean;
  readonly clients: readonly Readonly<Record<string, unknown>>[];
  readonly monitoring: readonly Readonly<Record<string, unknown>>[];
}

/** Exactly one of them. */
export interface BootstrapSpec {
  readonly empty?: Readonly<Record<string, never>>;
  readonly restore?: { readonly backup: string };
  readonly import?: ImportSpec;
}

export interface RecoverySpec {
  readonly survivor: number;
  readonly ensembleUid: string;
  /** Hexadecimal, with 0x. */
  readonly zxid: string;
  readonly acceptDataLoss: boolean;
}

export interface ImportSpec {
  readonly servers: readonly string[];
  readonly authSecretName?: string;
  readonly takeOver: boolean;
}

/**
 * One Ensemble on the test cluster, as its user sees it: asks for it, changes it, waits until the
 * operator says that it is as wanted, and connects to it.
 */
import type { ResourceType } from "../../../src/operator/kube/index.ts";
import { eventually } from "../../integration/support/test-ensemble.ts";
import { ENSEMBLE, openKubeClient } from "./kube-client.ts";
import { apply, get, kubectl, run } from "./kubectl.ts";

const POD: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods" };

const CLAIM: ResourceType = {
  group: "",
  version: "v1",
  kind: "PersistentVolumeClaim",
  plural: "persistentvolumeclaims",
};

const CLIENT_PORT = 2181;

/** Members whose names clients know, whether or not there are so many. */
const MEMBERS_MAX = 5;

/** The part of the object that the tests look at. */
interface Observed {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly phase?: string;
    readonly leader?: string;
    readonly version?: string;
    readonly ensembleUid?: string;
    readonly recovery?: {
      readonly survivor: number;
      readonly lostEnsembleUid: string;
      readonly zxid: string;
      readonly others: readonly { readonly id: number; readonly zxid?: string }[];
    };
    readonly conditions?: readonly ConditionSeen[];
    readonly members?: readonly {
      readonly id: number;
      readonly role?: string;
      readonly reason?: string;
      readonly zxid?: string;
    }[];
  };
}

interface ConditionSeen {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** A pod as far as the tests look at it. */
export interface PodSeen {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** A claim as far as the tests look at it. */
export interface ClaimSeen {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly volumeName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
  readonly status: {
    readonly capacity?: { readonly storage: string };
    readonly allocatedResourceStatuses?: { readonly storage?: string };
  };
}

/** One Ensemble. */
export class EnsembleOnCluster {
  readonly name: string;
  readonly namespace: string;
  readonly #firstOrdinal: number;
  readonly #client = openKubeClient();

  /** Does nothing yet. */
  constructor(namespace: string, name: string, firstOrdinal = 0) {
    this.name = name;
    this.namespace = namespace;
    this.#firstOrdinal = firstOrdinal;
  }

  /** Members by their names in the cluster's DNS. */
  get connectString(): string {
    const domain = `${this.name}-members.${this.namespace}.svc.cluster.local`;
    const ordinals = Array.from({ length: MEMBERS_MAX }, (_, n) => this.#firstOrdinal + n);
    return ordinals.map((n) => `${this.name}-${n}.${domain}:${CLIENT_PORT}`).join(",");
  }

  /** Asks for an Ensemble with this whole spec. */
  async want(spec: object): Promise<void> {
    const metadata = { name: this.name, namespace: this.namespace };
    await apply({ apiVersion: "ensemble.dev/v1", kind: "Ensemble", metadata, spec });
  }

  /** Waits until what was asked for last is there. @throws with the conditions if it is not. */
  async whenReady(timeoutMs: number): Promise<Observed> {
    let seen = await this.observe();
    const isReady = async (): Promise<boolean> => {
      seen = await this.observe();
      const ready = conditionOf(seen, "Ready");
      return ready?.status === "True" && ready.observedGeneration === seen.metadata.generation;
    };
    try {
      await eventually(`${this.name} is ready`, isReady, timeoutMs);
    } catch (error) {
      throw new Error(await this.#explain(seen), { cause: error });
    }
    return seen;
  }

  /** Waits for a condition to have one of its reasons; answers its message. */
  async whenReason(type: string, reason: string, timeoutMs: number): Promise<string> {
    let seen = await this.observe();
    const hasReason = async (): Promise<boolean> => {
      seen = await this.observe();
      return conditionOf(seen, type)?.reason === reason;
    };
    try {
      await eventually(`${type} is ${reason}`, hasReason, timeoutMs);
    } catch (error) {
      throw new Error(await this.#explain(seen), { cause: error });
    }
    return conditionOf(seen, type)?.message ?? "";
  }

  /** The object as it is now. */
  async observe(): Promise<Observed> {
    const object = await this.#client.get(ENSEMBLE, this);
    return object as unknown as Observed;
  }

  /** The name of the leader's pod. */
  async leader(): Promise<string> {
    const { status } = await this.observe();
    if (status?.leader === undefined) throw new Error(`${this.name} has no leader`);
    return status.leader;
  }

  /** The pods of its members, by name. */
  pods(): Promise<readonly PodSeen[]> {
    return this.#list<PodSeen>(POD);
  }

  /** The claims of their volumes, by name. */
  claims(): Promise<readonly ClaimSeen[]> {
    return this.#list<ClaimSeen>(CLAIM);
  }

  /** What its Events of a reason say. */
  async events(reason: string): Promise<string[]> {
    const fields = `involvedObject.kind=Ensemble,involvedObject.name=${this.name},reason=${reason}`;
    const { items } = await get<{ items: readonly { readonly message: string }[] }>(
      `events -n ${this.namespace} --field-selector=${fields}`,
    );
    return items.map(({ message }) => message);
  }

  async #list<T extends { readonly metadata: { readonly name: string } }>(
    type: ResourceType,
  ): Promise<T[]> {
    const labelSelector = `app.kubernetes.io/instance=${this.name},app.kubernetes.io/name=ensemble`;
    const { objects } = await this.#client.list(type, { namespace: this.namespace, labelSelector });
    return (objects as unknown as T[]).toSorted((a, b) =>
      a.metadata.name < b.metadata.name ? -1 : 1,
    );
  }

  /** All that a person would look at to find out what is wrong. */
  async #explain(seen: Observed): Promise<string> {
    const namespace = ["-n", this.namespace];
    const said = await Promise.all([
      run("kubectl", ["get", "ens,pods,pvc", "-o", "wide", ...namespace]),
      run("kubectl", ["get", "events", "--sort-by=.lastTimestamp", ...namespace]),
      run("kubectl", ["logs", "--prefix", "--tail=15", "-l", OPERATOR, "-n", OPERATOR_NAMESPACE]),
    ]);
    const conditions = (seen.status?.conditions ?? []).map(
      ({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`,
    );
    return [...conditions, ...said.map(({ stdout, stderr }) => stdout + stderr)].join("\n");
  }
}

/** The namespace that `manifests/install.yaml` makes. */
export const OPERATOR_NAMESPACE = "ensemble-system";

/** The label of the operator's pods. */
export const OPERATOR = "app.kubernetes.io/name=ensemble-operator";

/** Installs the operator by the manifest that users apply, and waits until it is there. */
export async function installOperator(): Promise<void> {
  await kubectl("apply --server-side -f manifests/install.yaml");
  await kubectl(`rollout status deployment -n ${OPERATOR_NAMESPACE} --timeout=60s`);
}

/**
 * Takes all of it away again, the definition included: the operator would see to the Ensembles of
 * tests that want none, and Helm takes over nothing that is not its own.
 */
export async function removeOperator(): Promise<void> {
  const flags = "--ignore-not-found --wait=true --timeout=110s";
  await kubectl(`delete -f manifests/install.yaml ${flags}`);
}

function conditionOf(seen: Observed, type: string): ConditionSeen | undefined {
  return seen.status?.conditions?.find((condition) => condition.type === type);
}

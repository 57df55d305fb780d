/**
 * Two ways to see the same objects: as the watches have brought them, which costs nothing and may
 * be old, and as the API server's store has them now, for looking once more before something is
 * done that cannot be undone.
 */
import { KubeError } from "../kube/index.ts";
import type { KubeClient, KubeObject, ObjectCache, ResourceType } from "../kube/index.ts";

/** The name of an ensemble or of something in its namespace. */
export interface FullName {
  readonly namespace: string;
  readonly name: string;
}

/** Reads objects. */
export interface ClusterReader {
  get(type: ResourceType, name: FullName): Promise<KubeObject | undefined>;
  /** All objects of a type that have the labels of an ensemble. */
  list(type: ResourceType, ensemble: FullName): Promise<readonly KubeObject[]>;
}

const INSTANCE_LABEL = "app.kubernetes.io/instance";

/** Reads what the watches have brought. */
export class CachedReader implements ClusterReader {
  readonly #cache: ObjectCache;

  constructor(cache: ObjectCache) {
    this.#cache = cache;
  }

  get(type: ResourceType, name: FullName): Promise<KubeObject | undefined> {
    return Promise.resolve(this.#cache.get(type, name));
  }

  list(type: ResourceType, { namespace, name }: FullName): Promise<readonly KubeObject[]> {
    const isOurs = ({ metadata }: KubeObject): boolean =>
      metadata.namespace === namespace && labelsOf(metadata)[INSTANCE_LABEL] === name;
    return Promise.resolve(this.#cache.all(type).filter(isOurs));
  }
}

/** Reads what is there now. */
export class FreshReader implements ClusterReader {
  readonly #client: KubeClient;

  constructor(client: KubeClient) {
    this.#client = client;
  }

  async get(type: ResourceType, name: FullName): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(type, name);
    } catch (error) {
      if (error instanceof KubeError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  async list(type: ResourceType, { namespace, name }: FullName): Promise<readonly KubeObject[]> {
    const labelSelector = `${INSTANCE_LABEL}=${name}`;
    return (await this.#client.list(type, { namespace, labelSelector })).objects;
  }
}

/** An object's labels. */
export function labelsOf(metadata: KubeObject["metadata"]): Readonly<Record<string, unknown>> {
  const labels = metadata["labels"];
  return typeof labels === "object" && labels !== null ? (labels as Record<string, unknown>) : {};
}

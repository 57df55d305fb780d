/**
 * Where the API server is and how to prove oneself to it. In a pod that is in the files of its
 * service account; elsewhere in a kubeconfig, which can say so many things that the library of
 * Kubernetes reads it. The library is loaded only then: the classes that it generates take more
 * memory than a whole operator.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { join } from "node:path";

/** What a connection asks for; a KubeConfig of the library is one. */
export interface KubeAccess {
  getCurrentCluster(): { readonly server: string; readonly proxyUrl?: string } | null;
  getCurrentUser(): { readonly authProvider?: unknown } | null;
  /** Adds certificates and credentials as they are now. */
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
}

/** Where Kubernetes puts what the program of a pod needs. */
const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** The environment as far as it matters here. */
export type AccessEnvironment = Readonly<Partial<Record<string, string>>>;

/**
 * A kubeconfig if there is one, the pod's service account otherwise.
 *
 * @throws Error when the kubeconfig cannot be read.
 */
export async function findKubeAccess(
  env: AccessEnvironment,
  folder = SERVICE_ACCOUNT_FOLDER,
): Promise<KubeAccess> {
  const { KUBECONFIG, HOME = "/", KUBERNETES_SERVICE_HOST: host } = env;
  const hasFile = KUBECONFIG !== undefined || existsSync(join(HOME, ".kube", "config"));
  if (!hasFile && host !== undefined && existsSync(join(folder, "token"))) {
    return new ServiceAccountAccess(host, env["KUBERNETES_SERVICE_PORT"] ?? "443", folder);
  }
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}

class ServiceAccountAccess implements KubeAccess {
  readonly #server: string;
  readonly #folder: string;

  constructor(host: string, port: string, folder: string) {
    this.#server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.#folder = folder;
  }

  getCurrentCluster(): { readonly server: string } {
    return { server: this.#server };
  }

  getCurrentUser(): { readonly authProvider: unknown } {
    return { authProvider: { config: { tokenFile: join(this.#folder, "token") } } };
  }

  async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    options.ca = await readFile(join(this.#folder, "ca.crt"));
  }
}

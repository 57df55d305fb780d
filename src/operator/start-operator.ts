/**
 * Starts the operator on Kubernetes. What it is made of is loaded only then: the libraries for
 * Kubernetes and Prometheus take memory that other commands of the program can do without.
 */
import type { AccessEnvironment } from "./kube/index.ts";
import type { OperatorProcess, OperatorProcessOptions } from "./reconcile/index.ts";

/** How to run the operator. */
export interface OperatorOptions extends Omit<OperatorProcessOptions, "access" | "members"> {
  /** Says where a kubeconfig is, or that this is a pod. */
  readonly env: AccessEnvironment;
}

/**
 * Starts it; whoever does has to stop it.
 *
 * @throws OperatorError PORT_TAKEN; KubeError UNREACHABLE when no cluster is configured.
 */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const [{ findKubeAccess }, { OperatorProcess }, { NetworkMemberAccess }] = await Promise.all([
    import("./kube/index.ts"),
    import("./reconcile/index.ts"),
    import("./members/index.ts"),
  ]);
  const access = await findKubeAccess(options.env);
  const operator = new OperatorProcess({ ...options, access, members: new NetworkMemberAccess() });
  await operator.start();
  return operator;
}

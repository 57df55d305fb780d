/**
 * Starts the operator on Kubernetes. What it is made of is loaded only then: the libraries for
 * Kubernetes and Prometheus take memory that other commands of the program can do without.
 */
import type { OperatorProcess, OperatorProcessOptions } from "./reconcile/index.ts";

/** How to run the operator. */
export type OperatorOptions = Omit<OperatorProcessOptions, "members">;

/**
 * Starts it; whoever does has to stop it.
 *
 * @throws OperatorError PORT_TAKEN; KubeError UNREACHABLE when no cluster is configured.
 */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const [{ OperatorProcess }, { NetworkMemberAccess }] = await Promise.all([
    import("./reconcile/index.ts"),
    import("./members/index.ts"),
  ]);
  const operator = new OperatorProcess({ ...options, members: new NetworkMemberAccess() });
  await operator.start();
  return operator;
}

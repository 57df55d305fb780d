/** The face of `operator/desired/`: the objects that an ensemble is made of on Kubernetes. */
export type { KubeObject } from "./child.ts";
export { buildNetworkPolicy } from "./network-policy.ts";
export { buildPodDisruptionBudget } from "./pod-disruption-budget.ts";
export { buildServices } from "./services.ts";
export { buildStatefulSet } from "./stateful-set.ts";

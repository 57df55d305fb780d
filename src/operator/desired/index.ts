/** The face of `operator/desired/`: the objects that an ensemble is made of on Kubernetes. */
export type { Owner, SpecObject } from "./child.ts";
export { buildAdminSecret, buildServiceAccount } from "./identity.ts";
export {
  buildConfigMap,
  configMapName,
  parseRecoveryOrder,
  renderMemberSettings,
} from "./member-config.ts";
export type { RecoveryOrder } from "./member-config.ts";
export { memberIdOf } from "./member-names.ts";
export { buildPrometheusRule, buildServiceMonitor } from "./monitoring.ts";
export { buildNetworkPolicy } from "./network-policy.ts";
export { buildPodDisruptionBudget } from "./pod-disruption-budget.ts";
export { isLess } from "./quantity.ts";
export { buildServices } from "./services.ts";
export { buildStatefulSet } from "./stateful-set.ts";

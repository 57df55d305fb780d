/** The face of `operator/`: what users ask for, and what makes it so. */
export {
  buildCondition,
  buildEnsembleChartSchema,
  buildEnsembleCrd,
  CONDITIONS,
  defaultSpec,
  describeEnsembleApi,
  mergeConditions,
  parseEnsemble,
  readEnsemble,
} from "./api/index.ts";
export type { Ensemble } from "./api/index.ts";
export {
  LocalEnsemble,
  findUnusedFields,
  readTextIfExists,
  watchText,
  writeTextAtomically,
} from "./local/index.ts";
export type { LocalEvent, MemberReport, ServerCommand } from "./local/index.ts";
export {
  buildAdminSecret,
  buildConfigMap,
  buildNetworkPolicy,
  buildPodDisruptionBudget,
  buildPrometheusRule,
  buildServiceAccount,
  buildServiceMonitor,
  buildServices,
  buildStatefulSet,
  configMapName,
  memberIdOf,
  parseRecoveryOrder,
  renderMemberSettings,
} from "./desired/index.ts";
export type { Owner, RecoveryOrder, SpecObject } from "./desired/index.ts";
export { formatProperty } from "./format-property.ts";
export { NetworkMemberAccess, operatorDigest } from "./members/index.ts";
export { OperatorError } from "./operator-error.ts";
export { startOperator } from "./start-operator.ts";

/** The face of `operator/api/`: the objects that users write, and their schema. */
export { buildEnsembleChartSchema } from "./chart-schema.ts";
export { buildCondition, CONDITIONS, mergeConditions } from "./conditions.ts";
export { describeEnsembleApi } from "./describe-ensemble-api.ts";
export type { Ensemble } from "./ensemble.ts";
export { buildEnsembleCrd } from "./ensemble-crd.ts";
export type { EnsembleSpec } from "./ensemble-spec.ts";
export { defaultSpec, parseEnsemble, readEnsemble } from "./parse-ensemble.ts";

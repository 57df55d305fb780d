/** The face of `operator/api/`: the objects that users write, and their schema. */
export type { Ensemble } from "./ensemble.ts";
export { buildEnsembleCrd } from "./ensemble-crd.ts";
export { parseEnsemble } from "./parse-ensemble.ts";

/** The face of `operator/reconcile/`: the operator on Kubernetes. */
export { OperatorProcess } from "./operator-process.ts";
export type { OperatorProcessOptions } from "./operator-process.ts";

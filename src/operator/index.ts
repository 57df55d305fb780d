/** The face of `operator/`: what users ask for, and what makes it so. */
export { buildEnsembleCrd, parseEnsemble } from "./api/index.ts";
export type { Ensemble } from "./api/index.ts";
export {
  LocalEnsemble,
  formatProperty,
  readTextIfExists,
  writeTextAtomically,
} from "./local/index.ts";
export type { LocalEvent, MemberReport, ServerCommand } from "./local/index.ts";
export { OperatorError } from "./operator-error.ts";

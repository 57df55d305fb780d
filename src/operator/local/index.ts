/** The face of `operator/local/`: an ensemble as processes and folders of this machine. */
export { readTextIfExists, writeTextAtomically } from "./files.ts";
export { watchText } from "./file-watch.ts";
export { LocalEnsemble } from "./local-ensemble.ts";
export type { LocalEvent } from "./local-ensemble.ts";
export type { MemberReport } from "./local-member.ts";
export type { ServerCommand } from "./member-process.ts";
export { findUnusedFields } from "./unused-fields.ts";

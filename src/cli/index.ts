/** The face of `cli/`: the commands, each added to a program with what it needs. */
export { registerInspect } from "./inspect.ts";
export { registerMember } from "./member.ts";
export { registerOperator } from "./operator.ts";
export { registerRecover } from "./recover.ts";
export type { ServeDeps } from "./serve.ts";
export { registerServer } from "./server.ts";
export { registerShell } from "./shell.ts";
export { registerUp } from "./up.ts";

/** The face of `server/admin/`: what a server tells of itself to people and programs. */
export { AdminCommands } from "./admin-commands.ts";
export { AdminServer } from "./admin-server.ts";
export { FourLetterWordService } from "./four-letter-word-service.ts";
export { Probes } from "./probes.ts";
export { ServerFacts } from "./server-facts.ts";
export { TraceMask } from "./trace-mask.ts";

/** The face of `observe/`: interfaces for what the program tells its operators. */
export { nullLogger } from "./logger.ts";
export type { LogFields, Logger } from "./logger.ts";
export { Summary } from "./summary.ts";

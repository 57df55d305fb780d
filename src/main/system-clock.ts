/** The clock of real processes. */
import type { Clock } from "../base/index.ts";

/** Reads the system's clocks. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

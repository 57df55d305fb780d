/**
 * A thread that runs simulations of whole servers: it puts the simulated Node in the place of the
 * real one before it loads a server, plants defects if it is told to, and reports each run.
 */
import { parentPort, workerData } from "node:worker_threads";
import { reportUncaught } from "../machine/process.ts";
import { substituteNode } from "../machine/substitution.ts";
import type { Edit } from "../machine/substitution.ts";
import { installTimers } from "../machine/timers.ts";
import type { SimOptions } from "./options.ts";
import type { RunResult } from "./simulation.ts";

export interface WorkerTask {
  readonly edits: readonly Edit[];
  /** Seeds to run, in order. */
  readonly seeds: readonly number[];
  readonly override: Partial<SimOptions> | undefined;
  /** Whether to stop at the first failure. */
  readonly isFirstEnough: boolean;
  readonly isVerbose: boolean;
}

export type WorkerReport =
  | { readonly kind: "run"; readonly result: RunResult }
  | { readonly kind: "line"; readonly line: string };

const task = workerData as WorkerTask;
const report = (message: WorkerReport): void => parentPort?.postMessage(message);

substituteNode(task.edits);
const { installObserver } = await import("./observer.ts");
const { runSimulation } = await import("./simulation.ts");
installTimers();
installObserver();
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (error: unknown) => {
    if (!reportUncaught(error)) throw error;
  });
}

// Promises are settled by hand, which only works outside of a promise.
setImmediate(() => {
  const print = task.isVerbose ? (line: string): void => report({ kind: "line", line }) : undefined;
  for (const seed of task.seeds) {
    const result = runSimulation({ seed, override: task.override, print });
    report({ kind: "run", result });
    if (result.failure !== undefined && task.isFirstEnough) break;
  }
  parentPort?.close();
});

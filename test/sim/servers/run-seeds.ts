/** Runs seeds in threads of their own. */
import { Worker } from "node:worker_threads";
import type { Edit } from "../machine/substitution.ts";
import type { SimOptions } from "./options.ts";
import type { RunResult } from "./simulation.ts";
import type { WorkerReport, WorkerTask } from "./worker.ts";

export interface SeedsRequest {
  readonly seeds: readonly number[];
  /** Defects to plant. */
  readonly edits?: readonly Edit[];
  readonly override?: Partial<SimOptions> | undefined;
  readonly isFirstEnough?: boolean;
  readonly print?: (line: string) => void;
  readonly finished?: (result: RunResult) => void;
}

/** Runs the seeds one after the other in a thread. Resolves to their results. */
export function runSeeds(request: SeedsRequest): Promise<RunResult[]> {
  const { seeds, edits = [], override, isFirstEnough = false, print, finished } = request;
  const isVerbose = print !== undefined;
  const workerData: WorkerTask = { seeds, edits, override, isFirstEnough, isVerbose };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData });
  const results: RunResult[] = [];
  return new Promise((resolve, reject) => {
    worker.on("message", (message: WorkerReport) => {
      if (message.kind === "line") {
        print?.(message.line);
        return;
      }
      results.push(message.result);
      finished?.(message.result);
    });
    worker.once("error", reject);
    worker.once("exit", () => resolve(results));
  });
}

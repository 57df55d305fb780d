/**
 * Runs simulations of the operator from the command line:
 *
 *     node test/sim/operator/main.ts --seed 42 [--verbose] [--defect <name>]
 *     node test/sim/operator/main.ts --count 1000 [--from 1]
 */
import { parseArgs } from "node:util";
import { Violation } from "../violation.ts";
import { defects } from "./defects.ts";
import { runSimulation } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    count: { type: "string", default: "1000" },
    defect: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

const print = values.verbose ? (line: string): void => console.log(line) : undefined;
const defect = defects.find(({ name }) => name === values.defect);
const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.count) : 1;
const actions: Record<string, number> = {};
let failures = 0;
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const result = runSimulation({ seed, ...defect, ...(print && { print }) });
    for (const [kind, times] of Object.entries(result.actions)) {
      actions[kind] = (actions[kind] ?? 0) + times;
    }
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    failures += 1;
    console.log(`seed ${seed}: ${error.message}`);
  }
}
console.log(`${count} seeds, ${failures} failed`, actions);
process.exitCode = failures > 0 ? 1 : 0;

/**
 * Runs real servers under faults and judges what their clients were told:
 *
 *     npm run faults -- --minutes 30 --seed 7 --servers 5
 *
 * Each server has a network namespace and a small disk of its own where that is allowed, and an
 * address of its own on loopback otherwise. Ends with 1 when anything is wrong; the folder with the
 * logs and the history is kept then. The seed decides on the faults and what clients ask for; how
 * they meet is up to the machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findContainment, runContained } from "./containment.ts";
import { FaultRun, figuresOf } from "./fault-run.ts";
import type { Outcome } from "./fault-run.ts";
import { FaultyEnsemble } from "./faulty-ensemble.ts";
import { LoopbackNetwork } from "./loopback-network.ts";
import { NamespaceNetwork } from "./namespace-network.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 0x40000000)) },
    servers: { type: "string", default: "3" },
    loopback: { type: "boolean", default: false },
    /** Set by this program for itself. */
    contained: { type: "boolean", default: false },
  },
});

async function main(): Promise<number> {
  const seed = Number(values.seed);
  const serverCount = Number(values.servers);
  const durationMs = Number(values.minutes) * 60_000;
  if (!(durationMs > 0) || !Number.isInteger(seed) || ![3, 5].includes(serverCount)) {
    throw new RangeError("Expected --minutes above 0, --seed a number, --servers 3 or 5");
  }
  if (!values.contained && !values.loopback) {
    const containment = findContainment();
    if (containment !== undefined) return runAgain(containment, seed);
    console.log("No network namespaces here: no lost packets, no full disks");
  }
  const ids = Array.from({ length: serverCount }, (_, index) => index + 1);
  const network = values.contained ? NamespaceNetwork.create(ids) : await LoopbackNetwork.open(ids);
  console.log(`Seed ${seed}: ${serverCount} servers, ${network.description}`);
  const baseFolder = mkdtempSync(path.join(tmpdir(), "ensemble-faults-"));
  const options = { baseFolder, hasDisks: values.contained };
  const ensemble = await FaultyEnsemble.start(network, ids, options);
  const report = (line: string): void => console.log(line);
  const outcome = await new FaultRun(ensemble, { seed, durationMs, report }).run();
  await ensemble.stop();
  return conclude(outcome, baseFolder);
}

function runAgain(containment: readonly string[], seed: number): Promise<number> {
  const file = fileURLToPath(import.meta.url);
  const args = ["--minutes", values.minutes, "--servers", values.servers, "--seed", String(seed)];
  return runContained(containment, [process.execPath, file, "--contained", ...args]);
}

/** Says what happened; the exit code. */
function conclude(outcome: Outcome, baseFolder: string): number {
  const { history, startedMs, problems, faultCounts, askedFor, otherErrors } = outcome;
  const { operations, events, ends } = history;
  const byOutcome = countBy(operations.map((operation) => operation.outcome));
  const { terms, writeGapMs, gapEndMs } = figuresOf(history);
  const endS = ((gapEndMs - startedMs) / 1000).toFixed(1);
  console.log(`Operations: ${operations.length}: ${listOf(byOutcome)}`);
  console.log(`Of kinds: ${listOf(countBy(operations.map(({ kind }) => kind)))}`);
  if (otherErrors.size > 0) console.log(`Answered with other errors: ${listOf(otherErrors)}`);
  console.log(`Watch events: ${events.length}; sessions ended: ${ends.length}`);
  console.log(`Faults: ${listOf(faultCounts)}`);
  if (askedFor.size > 0) console.log(`Asked for: ${listOf(askedFor)}`);
  console.log(`Leaders that wrote: ${terms}`);
  console.log(`Longest time without a write: ${writeGapMs.toFixed(0)} ms, until ${endS} s`);
  if (problems.length === 0) {
    console.log("Verdict: nothing wrong");
    rmSync(baseFolder, { recursive: true, force: true });
    return 0;
  }
  writeFileSync(path.join(baseFolder, "history.json"), formatHistory(history));
  console.log(`Verdict: ${problems.length} problems; logs and history in ${baseFolder}`);
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
  return 1;
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}

/** A line for each thing, so that tools for text find their way. */
function formatHistory(history: object): string {
  const lines = Object.entries(history).flatMap(([kind, items]) =>
    (items as object[]).map((item) =>
      JSON.stringify({ of: kind, ...item }, (_key, value: unknown) =>
        typeof value === "bigint" ? `0x${value.toString(16)}` : value,
      ),
    ),
  );
  return lines.join("\n");
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exit(await main());

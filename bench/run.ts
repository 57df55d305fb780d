/**
 * The side-by-side benchmark: starts our servers and Apache ZooKeeper's on the same file system,
 * loads them in turn with the same load generator, round by round, and prints medians and ratios.
 * Both sides are up all the time, but only one is loaded at any moment; which goes first changes
 * from round to round. Flush rules are the defaults of both: every write is on disk before its
 * reply. `--help` lists the options.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { installApacheZooKeeper } from "../test/compat/support/apache-zookeeper.ts";
import { runCommand } from "../test/compat/support/run-command.ts";
import type { LoadResult } from "./load-run.ts";
import { describeMachine } from "./machine.ts";
import { formatCount, formatShort } from "./numbers.ts";
import { buildTable, formatMarkdown, formatText } from "./report.ts";
import type { Series } from "./report.ts";
import { RUN_USAGE, parseRunOptions } from "./run-options.ts";
import type { RunOptions } from "./run-options.ts";
import { SideName, startSide } from "./side.ts";
import type { Side } from "./side.ts";
import type { Mix } from "./workload.ts";
import { openWorkspace } from "./workspace.ts";

const LOAD_PROGRAM = fileURLToPath(new URL("./load.ts", import.meta.url));
/** What a load may take beyond its warm-up and its window: connecting, preparing, draining. */
const LOAD_SLACK_MS = 60_000;
/** Between two loads: lets the side that was just loaded finish what it does in the background. */
const PAUSE_MS = 500;

async function main(args: readonly string[]): Promise<void> {
  const options = parseRunOptions(args);
  if (options === undefined) {
    console.log(RUN_USAGE);
    return;
  }
  const workspace = openWorkspace(options.folder);
  const head = [
    ...(await describeMachine(workspace.fileSystem)),
    `Load: ${options.connections} connections, ${options.pipeline} in flight on each, ` +
      `${options.valueBytes}-byte values, ${formatCount(options.nodes)} nodes`,
    `Rounds: ${options.rounds} of ${options.seconds} s per side, alternating; medians`,
  ];
  if (options.sides.includes(SideName.apache)) {
    head.push(`Compared with: Apache ZooKeeper ${(await installApacheZooKeeper()).version}`);
  }
  console.log(head.join("\n"));
  const profileFolder = options.profile
    ? mkdtempSync(path.join(tmpdir(), "ensemble-profile-"))
    : undefined;
  const allSeries: Series[] = [];
  for (const serverCount of options.serverCounts) {
    allSeries.push(
      ...(await compare({ options, serverCount, folder: workspace.folder, profileFolder })),
    );
  }
  const table = buildTable(allSeries);
  console.log(`\n${formatText(table)}`);
  if (options.markdown !== undefined) {
    writeMarkdown(options.markdown, head, formatMarkdown(table));
  }
  if (profileFolder !== undefined) {
    console.log(`\nCPU profiles of our servers: ${profileFolder}`);
  }
}

interface Comparison {
  readonly options: RunOptions;
  readonly serverCount: number;
  readonly folder: string;
  readonly profileFolder: string | undefined;
}

async function compare(comparison: Comparison): Promise<Series[]> {
  const { options, serverCount, folder, profileFolder } = comparison;
  const sides: Side[] = [];
  try {
    for (const name of options.sides) {
      console.log(`\nStarting ${serverCount} of ${name}`);
      const nodeFlagsOf = (id: number): string[] =>
        profileFolder === undefined
          ? []
          : ["--cpu-prof", `--cpu-prof-dir=${path.join(profileFolder, `${serverCount}-${id}`)}`];
      sides.push(await startSide({ name, serverCount, baseFolder: folder, nodeFlagsOf }));
    }
    const allSeries: Series[] = [];
    for (const mix of options.mixes) {
      allSeries.push(...(await compareUnder(mix, sides, options)));
    }
    return allSeries;
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

async function compareUnder(
  mix: Mix,
  sides: readonly Side[],
  options: RunOptions,
): Promise<Series[]> {
  const rounds = new Map(sides.map((side): [Side, LoadResult[]] => [side, []]));
  for (const side of sides) {
    await load(side, mix, { ...options, seconds: options.firstLoadSeconds });
  }
  for (let round = 0; round < options.rounds; round += 1) {
    const order = round % 2 === 0 ? sides : sides.toReversed();
    for (const side of order) {
      await sleep(PAUSE_MS);
      const result = await load(side, mix, options);
      rounds.get(side)?.push(result);
      console.log(describeRound(round, side, mix, result));
    }
  }
  return sides.map((side) => ({
    side: side.name,
    serverCount: side.servers.length,
    mix,
    rounds: rounds.get(side) ?? [],
  }));
}

async function load(side: Side, mix: Mix, options: RunOptions): Promise<LoadResult> {
  const { seconds, warmUpSeconds } = options;
  const flags: Record<string, string | number> = {
    servers: side.connectString,
    mix,
    connections: options.connections,
    pipeline: options.pipeline,
    nodes: options.nodes,
    "value-bytes": options.valueBytes,
    "warm-up": warmUpSeconds,
    seconds,
    "server-pids": side.servers.map((server) => server.pid).join(","),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const timeoutMs = (seconds + warmUpSeconds) * 1000 + LOAD_SLACK_MS;
  const { stdout } = await runCommand(process.execPath, [LOAD_PROGRAM, ...args], { timeoutMs });
  return JSON.parse(stdout) as LoadResult;
}

function describeRound(round: number, side: Side, mix: Mix, result: LoadResult): string {
  return (
    `  round ${round + 1}  ${side.servers.length} servers  ${mix}  ${side.name.padEnd(6)}  ` +
    `${formatCount(result.opsPerSecond)} ops/s  p50 ${formatShort(result.p50Ms)} ms  ` +
    `p99 ${formatShort(result.p99Ms)} ms  p99.9 ${formatShort(result.p999Ms)} ms  ` +
    `others ${formatCount(result.othersCpuShare * 100)} %`
  );
}

function writeMarkdown(file: string, head: readonly string[], table: string): void {
  const date = new Date().toISOString().slice(0, 10);
  const list = head.map((line) => `- ${line}`).join("\n");
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  writeFileSync(file, `# Benchmark of ${date}\n\n${list}\n\n${table}\n`);
  console.log(`\nWritten to ${file}`);
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

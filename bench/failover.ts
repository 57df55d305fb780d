/**
 * Measures how long writes fail after the leader of three servers is killed with SIGKILL: from the
 * kill to the acknowledgement of the first write that was sent afterwards, with writers trying the
 * survivors every 20 ms. With `--by stop` the leader is asked to stop, and hands over: the figure
 * is the longest pause that any writer on the other servers saw. Then the server that has ended is
 * started again, and once all three serve the next round begins. Prints each round, p50 and p99;
 * exits with code 1 when an acknowledged write is missing after a failover. `--help` lists the
 * options.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { waitUntilServing } from "../test/compat/support/server-process.ts";
import { FailoverWriters } from "./failover-writers.ts";
import { describeMachine } from "./machine.ts";
import { formatCount, median, parseNumber } from "./numbers.ts";
import { parseSides } from "./run-options.ts";
import { startSide } from "./side.ts";
import type { Side, SideName } from "./side.ts";
import { openWorkspace } from "./workspace.ts";

const USAGE = `npm run bench:failover -- [options]
  --side ours|apache|both   (ours)
  --by kill|stop            how the leader ends (kill)
  --rounds N                leaders to end (10)
  --folder DIR              where the servers' data goes (the temporary folder)`;

const SERVER_COUNT = 3;
/** Load before each kill, so that the leader dies in the middle of work. */
const LOAD_BEFORE_KILL_MS = 1_000;
const NEXT_WRITE_TIMEOUT_MS = 60_000;

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      side: { type: "string", default: "ours" },
      by: { type: "string", default: "kill" },
      rounds: { type: "string", default: "10" },
      folder: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const sides = parseSides(values.side);
  const rounds = parseNumber("--rounds", values.rounds, 1, 1000);
  const { by } = values;
  if (by !== "kill" && by !== "stop") throw new Error(`Expected --by kill or stop, not ${by}`);
  const workspace = openWorkspace(values.folder);
  console.log((await describeMachine(workspace.fileSystem)).join("\n"));
  for (const name of sides) {
    await measureSide({ name, rounds, by }, workspace.folder);
  }
}

interface Measurement {
  readonly name: SideName;
  readonly rounds: number;
  readonly by: "kill" | "stop";
}

async function measureSide({ name, rounds, by }: Measurement, baseFolder: string): Promise<void> {
  console.log(`\nStarting ${SERVER_COUNT} of ${name}`);
  const side = await startSide({ name, serverCount: SERVER_COUNT, baseFolder });
  const durationsMs: number[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const { leaderIndex, durationMs } = await endLeader(side, by);
      durationsMs.push(durationMs);
      console.log(
        `  round ${round}  ${name}  leader ${leaderIndex + 1} ended by ${by}, ` +
          `no writes for ${formatCount(durationMs)} ms`,
      );
      await side.restart(leaderIndex);
    }
  } finally {
    await side.stop();
  }
  console.log(
    `${name}, by ${by}: p50 ${formatCount(median(durationsMs))} ms, ` +
      `p99 ${formatCount(highest(durationsMs, 0.99))} ms, ` +
      `${formatCount(Math.min(...durationsMs))} to ${formatCount(Math.max(...durationsMs))} ms`,
  );
}

/** The value that a share of all do not exceed. */
function highest(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}

async function endLeader(
  side: Side,
  by: Measurement["by"],
): Promise<{ leaderIndex: number; durationMs: number }> {
  const modes = await waitUntilServing(side.servers);
  const leaderIndex = modes.indexOf("leader");
  const leader = side.servers[leaderIndex];
  if (leader === undefined) {
    throw new Error(`Cannot end the leader: the servers are ${modes.join(", ")}`);
  }
  const survivors = side.members.filter((_, index) => index !== leaderIndex);
  const writers = await FailoverWriters.start(
    survivors.map(({ ports }) => ({ host: "127.0.0.1", port: ports.client })),
  );
  try {
    await sleep(LOAD_BEFORE_KILL_MS);
    writers.takeLongestPause();
    if (by === "stop") {
      await leader.stop();
      await writers.waitForNextWrite(NEXT_WRITE_TIMEOUT_MS);
      return { leaderIndex, durationMs: writers.takeLongestPause() };
    }
    const killedAtMs = performance.now();
    await leader.kill();
    await writers.waitForNextWrite(NEXT_WRITE_TIMEOUT_MS);
    return { leaderIndex, durationMs: performance.now() - killedAtMs };
  } finally {
    await writers.stop();
  }
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  console.error(`failover: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

/**
 * The load generator as a program of its own, so that its work is not charged to the runner and
 * the runner's not to it. Prints one line of JSON (a `LoadResult`), or one line on standard error
 * and exit code 1. `--help` lists the options.
 */
import { parseArgs } from "node:util";
import { runLoad } from "./load-run.ts";
import type { Address, LoadOptions } from "./load-run.ts";
import { parseNumber } from "./numbers.ts";
import { Mix } from "./workload.ts";

const USAGE = `node bench/load.ts --servers HOST:PORT[,HOST:PORT…] [options]
  --mix reads|writes|creates|mixed   operations (reads)
  --read-ratio R                     share of reads in "mixed" (0.9)
  --connections N                    dealt out to the servers in turn (33)
  --pipeline N                       requests in flight on each connection (16)
  --nodes N                          existing nodes to read and write (1000)
  --value-bytes N                    size of each value (100)
  --warm-up SECONDS                  before measuring (1)
  --seconds SECONDS                  length of the measured window (8)
  --ops N                            end the window after so many operations (no limit)
  --server-pids PID[,PID…]           report these processes' processor time and memory`;

function parseOptions(args: readonly string[]): LoadOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      servers: { type: "string" },
      mix: { type: "string", default: "reads" },
      "read-ratio": { type: "string", default: "0.9" },
      connections: { type: "string", default: "33" },
      pipeline: { type: "string", default: "16" },
      nodes: { type: "string", default: "1000" },
      "value-bytes": { type: "string", default: "100" },
      "warm-up": { type: "string", default: "1" },
      seconds: { type: "string", default: "8" },
      ops: { type: "string", default: "1e15" },
      "server-pids": { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || values.servers === undefined) {
    return undefined;
  }
  const mix = Object.values(Mix).find((each) => each === values.mix);
  if (mix === undefined) {
    throw new RangeError(`Cannot read --mix: "${values.mix}" is not ${Object.values(Mix).join()}`);
  }
  return {
    addresses: values.servers.split(",").map(parseAddress),
    mix,
    readRatio: parseNumber("--read-ratio", values["read-ratio"], 0, 1),
    connectionCount: parseNumber("--connections", values.connections, 1, 10_000),
    pipelineDepth: parseNumber("--pipeline", values.pipeline, 1, 10_000),
    nodeCount: parseNumber("--nodes", values.nodes, 1, 100_000),
    valueBytes: parseNumber("--value-bytes", values["value-bytes"], 0, 1_000_000),
    warmUpMs: parseNumber("--warm-up", values["warm-up"], 0, 600) * 1000,
    measureMs: parseNumber("--seconds", values.seconds, 0.1, 3600) * 1000,
    opsMax: parseNumber("--ops", values.ops, 1, 1e15),
    serverPids: values["server-pids"].split(",").filter(Boolean).map(Number),
  };
}

function parseAddress(text: string): Address {
  const colon = text.lastIndexOf(":");
  return {
    host: text.slice(0, colon),
    port: parseNumber("--servers port", text.slice(colon + 1), 1, 65_535),
  };
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(USAGE);
  } else {
    console.log(JSON.stringify(await runLoad(options)));
  }
  process.exit(0);
} catch (error) {
  console.error(`load: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

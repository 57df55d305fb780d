/** The command line of the side-by-side benchmark. */
import { parseArgs } from "node:util";
import { parseNumber } from "./numbers.ts";
import { SideName } from "./side.ts";
import { Mix } from "./workload.ts";

/** What to compare and how long. */
export interface RunOptions {
  readonly sides: readonly SideName[];
  readonly serverCounts: readonly number[];
  readonly mixes: readonly Mix[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Unmeasured load before the first round, for the just-in-time compilers of both sides. */
  readonly firstLoadSeconds: number;
  readonly connections: number;
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly nodes: number;
  /** Also write the report there, in Markdown. */
  readonly markdown: string | undefined;
  /** Where data goes. @default a temporary folder on a disk */
  readonly folder: string | undefined;
  /** Start our servers with the CPU profiler. */
  readonly profile: boolean;
}

/** Text for `--help`. */
export const RUN_USAGE = `npm run bench -- [options]
  --quick                two rounds of 3 seconds
  --side ours|apache|both      (both)
  --servers 1,3          sizes of ensemble to compare (1,3)
  --only reads|writes|creates|mixed    one kind of load (reads, then writes)
  --rounds N             measured rounds per side; the median counts (5)
  --seconds N            length of a round (8)
  --warm-up N            seconds of load before each round (1)
  --first-load N         seconds of unmeasured load on each side before round 1 (10; quick 4)
  --connections N        dealt out to the servers in turn (33)
  --pipeline N           requests in flight on each connection (16)
  --value-bytes N        size of each value (100)
  --nodes N              nodes that are read and written (1000)
  --folder DIR           where the servers' data goes (the temporary folder)
  --markdown FILE        also write the report in Markdown
  --profile              write CPU profiles of our servers, and say where`;

/** Parses the arguments; undefined when help is asked for. @throws Error for a bad argument. */
export function parseRunOptions(args: readonly string[]): RunOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      side: { type: "string", default: "both" },
      servers: { type: "string", default: "1,3" },
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      "warm-up": { type: "string", default: "1" },
      "first-load": { type: "string" },
      connections: { type: "string", default: "33" },
      pipeline: { type: "string", default: "16" },
      "value-bytes": { type: "string", default: "100" },
      nodes: { type: "string", default: "1000" },
      folder: { type: "string" },
      markdown: { type: "string" },
      profile: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return undefined;
  }
  return {
    sides: parseSides(values.side),
    serverCounts: values.servers.split(",").map((each) => parseNumber("--servers", each, 1, 7)),
    mixes: values.only === undefined ? [Mix.reads, Mix.writes] : [parseMix(values.only)],
    rounds: parseNumber("--rounds", values.rounds ?? (values.quick ? "2" : "5"), 1, 1000),
    seconds: parseNumber("--seconds", values.seconds ?? (values.quick ? "3" : "8"), 0.1, 3600),
    warmUpSeconds: parseNumber("--warm-up", values["warm-up"], 0, 600),
    firstLoadSeconds: parseNumber(
      "--first-load",
      values["first-load"] ?? (values.quick ? "4" : "10"),
      0.1,
      600,
    ),
    connections: parseNumber("--connections", values.connections, 1, 10_000),
    pipeline: parseNumber("--pipeline", values.pipeline, 1, 10_000),
    valueBytes: parseNumber("--value-bytes", values["value-bytes"], 0, 1_000_000),
    nodes: parseNumber("--nodes", values.nodes, 1, 100_000),
    markdown: values.markdown,
    folder: values.folder,
    profile: values.profile,
  };
}

/** Parses "ours", "apache" or "both". @throws RangeError for anything else. */
export function parseSides(text: string): SideName[] {
  switch (text) {
    case "both":
      return [SideName.ours, SideName.apache];
    case "ours":
      return [SideName.ours];
    case "apache":
      return [SideName.apache];
    default:
      throw new RangeError(`Cannot read --side: "${text}" is not ours, apache or both`);
  }
}

function parseMix(text: string): Mix {
  const mix = Object.values(Mix).find((each) => each === text);
  if (mix === undefined) {
    throw new RangeError(`Cannot read --only: "${text}" is not ${Object.values(Mix).join(", ")}`);
  }
  return mix;
}

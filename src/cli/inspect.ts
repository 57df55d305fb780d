/**
 * `ensemble inspect`: looks at the files of a server, ours or ZooKeeper's, without a server and
 * without changing them. Exit code 0: all is well; 2: a file is damaged; 1: anything else. What
 * looks at them is loaded only when it is asked to.
 */
import type { Command } from "commander";
import { InspectError } from "./inspect/inspect-error.ts";
import type { LogFlags } from "./inspect/log.ts";
import type { SnapshotFlags } from "./inspect/snapshot.ts";

/** What the commands need from the process that they run in. */
export interface InspectDeps {
  readonly print: (line: string) => void;
}

/** Adds the command to `program`. Its actions reject with `InspectError` or `StorageError`. */
export function registerInspect(program: Command, { print }: InspectDeps): void {
  const inspect = program
    .command("inspect")
    .description("look at the files of a server: logs, snapshots, whole folders");
  inspect
    .command("log")
    .description("print the transactions of a log file, and verify their checksums")
    .argument("<file>", "log.<zxid>")
    .option("--json", "one JSON object a line")
    .option("--data", "print data in base64 instead of its length")
    .option("-r, --recover", "say what a repair would do; with --yes, write <file>.repaired")
    .option("-y, --yes", "take records with a wrong checksum as they are")
    .action(async (file: string, flags: LogFlags) => {
      const { inspectLog } = await import("./inspect/log.ts");
      await inspectLog(file, flags, print);
    });
  inspect
    .command("snapshot")
    .description("print the nodes and sessions of a snapshot, and verify its checksum")
    .argument("<file>", "snapshot.<zxid>, also .gz or .snappy")
    .option("--json", "one JSON object a line")
    .option("--data", "print data in base64 instead of its length")
    .option("--summary", "print totals only")
    .action(async (file: string, flags: SnapshotFlags) => {
      const { inspectSnapshot } = await import("./inspect/snapshot.ts");
      await inspectSnapshot(file, flags, print);
    });
  inspect
    .command("compare")
    .description("show where two snapshots differ in nodes and bytes")
    .argument("<left>", "a snapshot")
    .argument("<right>", "another one")
    .option("-n, --nodes <count>", "show subtrees that differ by so many nodes", "1")
    .option("-b, --bytes <count>", "or by so many bytes", "1")
    .action(async (left: string, right: string, flags: { nodes: string; bytes: string }) => {
      const { compare } = await import("./inspect/compare.ts");
      const nodes = count(flags.nodes, "--nodes");
      await compare(left, right, { nodes, bytes: count(flags.bytes, "--bytes") }, print);
    });
  inspect
    .command("summary")
    .description("count nodes and bytes below the nodes of a snapshot")
    .argument("<file>", "a snapshot")
    .argument("[path]", "where to begin", "/")
    .argument("[depth]", "levels to show; 0 for all", "1")
    .action(async (file: string, root: string, depth: string) => {
      const { summarise } = await import("./inspect/summary.ts");
      await summarise(file, { root, depth: count(depth, "depth") }, print);
    });
  inspect
    .command("verify")
    .description("tell whether a server could start on these folders, and what it would hold")
    .argument("<dataDir>", "as in zoo.cfg")
    .argument("[dataLogDir]", "where the logs are, if it is another folder")
    .action(async (dataDir: string, dataLogDir?: string) => {
      const { verify } = await import("./inspect/verify.ts");
      await verify(dataDir, dataLogDir ?? dataDir, print);
    });
}

function count(text: string, what: string): number {
  if (/^\d{1,15}$/u.test(text)) return Number(text);
  throw new InspectError("usage", `Cannot read ${what} '${text}': expected a whole number`);
}

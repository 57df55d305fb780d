/** What a benchmark ran on, for the head of its report. */
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { runCommand } from "../test/compat/support/run-command.ts";
import { formatCount } from "./numbers.ts";

/** Lines of "name: value" that describe this machine and its runtimes. */
export async function describeMachine(fileSystem: string): Promise<string[]> {
  const [first] = cpus();
  const memoryGib = totalmem() / 2 ** 30;
  return [
    `Machine: ${cpus().length} cores (${first?.model.trim() ?? "unknown"}), ` +
      `${formatCount(memoryGib)} GiB memory, ${type()} ${release()}`,
    // Other work on the machine spoils a measurement, so the reader should see it.
    `Load average of the last minute, before: ${(loadavg()[0] ?? 0).toFixed(2)}`,
    `Data on: ${fileSystem}`,
    `Runtimes: Node ${process.version}, ${await describeJava()}`,
  ];
}

async function describeJava(): Promise<string> {
  try {
    const { stderr } = await runCommand("java", ["-version"]);
    return stderr.split("\n")[0] ?? "Java unknown";
  } catch {
    // Only ours can be measured then, and the report should say so.
    return "no Java";
  }
}

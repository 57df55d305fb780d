/**
 * Builds the package, so that what is measured is what is shipped: compiled, and started with the
 * flags of the command's own first line.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "../test/compat/support/run-command.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** On a machine that is busy with other work. */
const BUILD_MS_MAX = 300_000;

/** The built command. */
export interface BuiltPackage {
  readonly entryPoint: string;
  /** Flags for node that the command starts itself with. */
  readonly nodeFlags: readonly string[];
}

/** Rejects with the compiler's output when the package cannot be built. */
export async function buildPackage(): Promise<BuiltPackage> {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  const project = path.join(root, "tsconfig.build.json");
  await runCommand(process.execPath, [compiler, "-p", project], {
    cwd: root,
    timeoutMs: BUILD_MS_MAX,
  });
  const entryPoint = path.join(root, "dist/main/ensemble.js");
  const [firstLine = ""] = readFileSync(entryPoint, "utf8").split("\n", 1);
  const nodeFlags = firstLine.split(" ").filter((word) => word.startsWith("--"));
  return { entryPoint, nodeFlags };
}

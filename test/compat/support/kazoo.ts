/**
 * The Python client kazoo: a virtual environment with it in the cache folder, built once, and a way
 * to run a script in it. The environment is used only through its own `python`, never through the
 * scripts in its `bin`, because those remember the folder in which the environment was built.
 */
import path from "node:path";
import { installOnce, isCached } from "./cache.ts";
import { requireTools } from "./missing-tools.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

const KAZOO_VERSION = "2.11.0";
/** What kazoo's `sasl` extra asks for. */
const PURE_SASL_VERSION = "0.6.2";
const ENTRY = `kazoo-${KAZOO_VERSION}-sasl-${PURE_SASL_VERSION}`;
const INSTALL_TIMEOUT_MS = 180_000;
const SCRIPT_TIMEOUT_MS = 60_000;

/** A Python that can import kazoo. */
export interface Kazoo {
  readonly version: string;
  /** Path of the interpreter. */
  readonly python: string;
}

/**
 * Installs kazoo into the cache, or finds it there.
 * @throws MissingToolError when python3, or for the first time pip or venv, is missing.
 */
export async function installKazoo(): Promise<Kazoo> {
  if (isCached(ENTRY)) {
    requireTools("run kazoo", ["python3"]);
  } else {
    requireTools("install kazoo", ["python3", "venv", "pip"]);
  }
  const folder = await installOnce(ENTRY, async (building) => {
    const options = { timeoutMs: INSTALL_TIMEOUT_MS };
    await runCommand("python3", ["-m", "venv", building], options);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    const packages = [`kazoo==${KAZOO_VERSION}`, `pure-sasl==${PURE_SASL_VERSION}`];
    await runCommand(pythonOf(building), [...pip, ...packages], options);
  });
  return { version: KAZOO_VERSION, python: pythonOf(folder) };
}

/**
 * Runs a Python script given as text; `args` are its `sys.argv[1:]`.
 * @throws Error with its output when it exits with another code than 0 or takes over a minute.
 */
export async function runKazoo(
  script: string,
  args: readonly string[] = [],
): Promise<CommandResult> {
  const { python } = await installKazoo();
  return runCommand(python, ["-c", script, ...args], { timeoutMs: SCRIPT_TIMEOUT_MS });
}

/** As {@link runKazoo}, for a script in a file; it can import its neighbours. */
export async function runKazooFile(file: string, args: readonly string[]): Promise<CommandResult> {
  const { python } = await installKazoo();
  // -B: no compiled files beside the sources.
  return runCommand(python, ["-B", file, ...args], { timeoutMs: SCRIPT_TIMEOUT_MS });
}

function pythonOf(folder: string): string {
  return path.join(folder, "bin", "python");
}

/**
 * Which programs of the machine the compatibility suite and the benchmark need, and what to say
 * when one is missing. Nothing here installs system packages: the reader is told what to install.
 * A program counts as present when it runs and exits with code 0 on its own version flag.
 */
import { spawnSync } from "node:child_process";

/** Programs that may be asked for, with how to probe and how to name each to the reader. */
const TOOLS = {
  java: { probe: ["java", "-version"], hint: "java (a Java runtime, version 11 or later)" },
  javac: { probe: ["javac", "-version"], hint: "javac (a Java development kit)" },
  mvn: { probe: ["mvn", "--version"], hint: "mvn (Apache Maven 3)" },
  keytool: { probe: ["keytool", "-help"], hint: "keytool (of a Java runtime)" },
  openssl: { probe: ["openssl", "version"], hint: "openssl (version 3)" },
  python3: { probe: ["python3", "--version"], hint: "python3 (version 3.8 or later)" },
  pip: { probe: ["python3", "-m", "pip", "--version"], hint: "pip (the python3-pip package)" },
  venv: {
    probe: ["python3", "-c", "import venv, ensurepip"],
    hint: "venv (the python3-venv package)",
  },
  gcc: { probe: ["gcc", "--version"], hint: "gcc (the gcc and libc6-dev packages)" },
  libzookeeper: {
    probe: ["gcc", "-fsyntax-only", "-include", "zookeeper/zookeeper.h", "-xc", "/dev/null"],
    hint: "ZooKeeper's C client (the libzookeeper-mt-dev package)",
  },
  npm: { probe: ["npm", "--version"], hint: "npm" },
  go: { probe: ["go", "version"], hint: "go (version 1.19 or later)" },
} as const;

/** Name of a program that {@link requireTools} can check. */
export type ToolName = keyof typeof TOOLS;

/** A program that the machine lacks; `tools` names each one, the message says what to install. */
export class MissingToolError extends Error {
  readonly code = "MissingTool";
  readonly tools: readonly ToolName[];

  constructor(purpose: string, tools: readonly ToolName[]) {
    const hints = tools.map((tool) => TOOLS[tool].hint).join(", ");
    super(`Cannot ${purpose}: not found or not working on this machine: ${hints}`);
    this.name = "MissingToolError";
    this.tools = tools;
  }
}

/** Returns those of `tools` that do not run on this machine, in the order given. */
export function findMissingTools(tools: readonly ToolName[]): ToolName[] {
  return tools.filter((tool) => {
    const [command, ...args] = TOOLS[tool].probe;
    const result = spawnSync(command, args, { stdio: "ignore", timeout: 30_000 });
    return result.status !== 0;
  });
}

/**
 * Checks that all `tools` run.
 * @param purpose completes the sentence "Cannot …" in the message.
 * @throws MissingToolError naming every tool that is missing.
 */
export function requireTools(purpose: string, tools: readonly ToolName[]): void {
  const missing = findMissingTools(tools);
  if (missing.length > 0) {
    throw new MissingToolError(purpose, missing);
  }
}

/**
 * Runs a Java program, one source file, against the libraries of the installed Apache ZooKeeper.
 * The JDK compiles it in memory, so nothing is left on disk. Its output can be watched while it
 * runs, which is how a test takes turns with it.
 */
import { spawn } from "node:child_process";
import { installApacheZooKeeper } from "./apache-zookeeper.ts";
import { requireTools } from "./missing-tools.ts";

/** A program that runs. */
export interface JavaProgram {
  /** Resolves with the match once the output has one; rejects when the program ends without. */
  output(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the whole output when it has ended with exit code 0; rejects otherwise. */
  readonly done: Promise<string>;
  /** Ends it at once. */
  kill(): void;
}

const JAVA = "java";
const RUN_TIMEOUT_MS = 55_000;

/** @throws MissingToolError when there is no Java compiler. */
export async function installJavaCompiler(): Promise<void> {
  requireTools("compile a Java program", ["javac"]);
  await Promise.resolve();
}

/** Compiles and starts `sourcePath`. */
export async function startJavaProgram(
  sourcePath: string,
  args: readonly string[],
): Promise<JavaProgram> {
  const { classPath } = await installApacheZooKeeper();
  const flags = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Densemble.log.level=ERROR"];
  const child = spawn(JAVA, [...flags, "-cp", classPath, sourcePath, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: RUN_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  let text = "";
  const waiting = new Set<() => void>();
  const collect = (chunk: Buffer): void => {
    text += chunk.toString("utf8");
    for (const look of waiting) look();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const done = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${sourcePath} ended with ${code ?? signal}:\n${text}`));
    });
  });
  // Who waits for output hears of a failure there; `done` may be looked at later.
  done.catch(() => undefined);
  const output = async (pattern: RegExp): Promise<RegExpExecArray> => {
    let look = (): void => undefined;
    const found = new Promise<RegExpExecArray>((resolve) => {
      look = (): void => {
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
      };
    });
    waiting.add(look);
    look();
    const ended = done.then((all) => {
      throw new Error(`${sourcePath} never printed ${String(pattern)}:\n${all}`);
    });
    try {
      return await Promise.race([found, ended]);
    } finally {
      waiting.delete(look);
      ended.catch(() => undefined);
    }
  };
  return { output, done, kill: () => child.kill("SIGKILL") };
}

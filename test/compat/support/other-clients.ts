/**
 * Clients that others have written, each with a program that does what its users do: installs the
 * client into the cache folder and says how to run the program. A program takes the connection
 * string and, when the leader is to die on the way, the pid of its process, which it kills itself
 * at the right moment; it prints one line of JSON for each of its checks.
 */
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { installApacheZooKeeper } from "./apache-zookeeper.ts";
import { cachedPath, installOnce, isCached } from "./cache.ts";
import { installKazoo } from "./kazoo.ts";
import { copyJars } from "./maven.ts";
import { requireTools } from "./missing-tools.ts";
import { runCommand } from "./run-command.ts";

/** A command line, but for the arguments that all programs take. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** A client with its program. */
export interface OtherClient {
  readonly name: string;
  /** What its program checks, in the order of its report. */
  readonly checks: readonly string[];
  /**
   * Installs what is not in the cache yet, and compiles what has to be compiled.
   * @throws MissingToolError when the machine lacks a program.
   */
  readonly install: () => Promise<Command>;
}

/** What a program says of one check; `error` is null when it holds. */
export interface Outcome {
  readonly check: string;
  readonly error: string | null;
}

const CURATOR_VERSION = "5.9.0";
const NODE_CLIENT_VERSION = "1.1.3";
const PROGRAM_TIMEOUT_MS = 90_000;
const INSTALL_TIMEOUT_MS = 300_000;

const basics = ["nodes", "transactions", "pipeline", "access control"];
const ends = ["sessions and watches", "close"];

export const otherClients: readonly OtherClient[] = [
  {
    name: "Apache Curator",
    checks: [
      ...["mutex", "semaphore", "leader latch", "persistent watcher", "cache", "queue"],
      "service discovery",
    ],
    install: installCurator,
  },
  {
    name: "kazoo",
    checks: ["lock", "semaphore", "election", "queue", "party", "watches", "counter"],
    install: async () => ({
      file: (await installKazoo()).python,
      // -B: no compiled files beside the sources.
      args: ["-B", programPath("kazoo/recipes.py")],
    }),
  },
  { name: "the C client", checks: [...basics, ...ends], install: compileCProgram },
  { name: "node-zookeeper-client", checks: [...basics, ...ends], install: installNodeClient },
  {
    name: "the Go client",
    checks: ["nodes", "transactions", "access control", ...ends],
    install: compileGoProgram,
  },
];

/**
 * Runs the program of a client that has been installed; the outcomes of its checks.
 * @throws Error with its output when it does not end by itself with exit code 0.
 */
export async function runClientProgram(
  { file, args }: Command,
  connectString: string,
  leaderPid?: number,
): Promise<Outcome[]> {
  const more = leaderPid === undefined ? [] : [String(leaderPid)];
  const options = { timeoutMs: PROGRAM_TIMEOUT_MS };
  const { stdout } = await runCommand(file, [...args, connectString, ...more], options);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Outcome);
}

async function installCurator(): Promise<Command> {
  const { classPath } = await installApacheZooKeeper();
  const entry = `curator-${CURATOR_VERSION}`;
  requireTools("run Apache Curator", isCached(entry) ? ["javac"] : ["javac", "mvn"]);
  const folder = await installOnce(entry, async (building) => {
    const curator = { group: "org.apache.curator", version: CURATOR_VERSION };
    // ZooKeeper's own client is the one that all Java programs here use.
    const without = ["org.apache.zookeeper", "org.slf4j"];
    const names = ["curator-recipes", "curator-x-discovery"];
    const artifacts = names.map((name) => ({ ...curator, name, without }));
    await copyJars(building, { artifacts });
  });
  const jars = [classPath, path.join(folder, "lib", "*")].join(path.delimiter);
  const flags = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Densemble.log.level=OFF"];
  const program = programPath("curator/CuratorRecipes.java");
  return { file: "java", args: [...flags, "-cp", jars, program] };
}

async function compileCProgram(): Promise<Command> {
  requireTools("compile for the C client", ["gcc", "libzookeeper"]);
  const file = await compile("c-scenario", (target) =>
    runCommand("gcc", [
      ...["-Wall", "-Wextra", "-Werror", "-O1", "-DTHREADED", "-o", target],
      ...[programPath("c/scenario.c"), "-lzookeeper_mt"],
    ]),
  );
  return { file, args: [] };
}

async function installNodeClient(): Promise<Command> {
  const entry = `node-zookeeper-client-${NODE_CLIENT_VERSION}`;
  if (!isCached(entry)) requireTools("install node-zookeeper-client", ["npm"]);
  const folder = await installOnce(entry, async (building) => {
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefix", building];
    const args = ["install", ...flags, `node-zookeeper-client@${NODE_CLIENT_VERSION}`];
    await runCommand("npm", args, { timeoutMs: INSTALL_TIMEOUT_MS });
  });
  return { file: process.execPath, args: [programPath("node/scenario.ts"), folder] };
}

async function compileGoProgram(): Promise<Command> {
  requireTools("compile for the Go client", ["go"]);
  const options = {
    cwd: programPath("go"),
    // The modules of this program alone; Go never deletes what it has downloaded.
    env: { GOMODCACHE: cachedPath("go-modules"), GOFLAGS: "-modcacherw", CGO_ENABLED: "0" },
    timeoutMs: INSTALL_TIMEOUT_MS,
  };
  const file = await compile("go-scenario", (target) =>
    runCommand("go", ["build", "-o", target, "."], options),
  );
  return { file, args: [] };
}

/** Builds a program anew, which takes a moment, and puts it in place of the one that was there. */
async function compile(name: string, build: (target: string) => Promise<unknown>): Promise<string> {
  await mkdir(cachedPath("programs"), { recursive: true });
  const target = cachedPath(path.join("programs", name));
  // The old one may be running just now: it is replaced, and not written over.
  const building = `${target}.${process.pid}`;
  await build(building);
  await rename(building, target);
  return target;
}

function programPath(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

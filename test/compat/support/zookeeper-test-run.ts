/**
 * A run of ZooKeeper's test classes against our server. A few JVMs take classes from one queue,
 * each the next when it is done with one: most tests spend their time waiting. What a class came
 * to is there as soon as it is known.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { compileStandIns } from "./zookeeper-tests.ts";
import type { TestClassPaths } from "./zookeeper-tests.ts";

/** A class to run, by its full name, without the methods of the list. */
export interface TestClass {
  readonly name: string;
  readonly leftOut: readonly string[];
}

/** What became of one method, or of the class outside its methods. */
export interface TestOutcome {
  readonly test: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped, with a stack. */
  readonly message: string;
}

/** A run that has begun. */
export interface TestRun {
  /** Resolves when class `name` is done; rejects when its JVM ends before. */
  outcomesOf(name: string): Promise<readonly TestOutcome[]>;
  /** Ends what still runs, and removes what was written. */
  stop(): Promise<void>;
}

const SERVER_PROGRAM = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));
const JAVA = "java";
const LANES = 3;
const LOG_TAIL_CHARACTERS = 3_000;
const JVM_FLAGS = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
/** ZooKeeper's build gives this super user, whose password is "test", to each of its tests. */
const SUPER_DIGEST = "super:D/InIHSb7yEEbrWz8b9l71RjZJU=";

/** Starts to run `classes`, the first ones first. */
export async function startZooKeeperTests(classes: readonly TestClass[]): Promise<TestRun> {
  const folder = await mkdtemp(path.join(tmpdir(), "zookeeper-tests-"));
  const classPaths = await compileStandIns(folder);
  const queue = [...classes];
  const results = new Map(
    classes.map(({ name }) => [name, Promise.withResolvers<readonly TestOutcome[]>()]),
  );
  // Nobody may have asked for a class yet when it fails.
  for (const { promise } of results.values()) promise.catch(() => undefined);
  const numbers = Array.from({ length: LANES }, (_, index) => index + 1);
  const lanes = new Map<number, Lane>();
  const work = numbers.map(async (number) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        // A test may end its JVM; the next class gets another one.
        const lane = lanes.get(number) ?? (await Lane.start(folder, number, classPaths));
        lanes.set(number, lane);
        results.get(next.name)?.resolve(await lane.run(next));
      } catch (error) {
        lanes.delete(number);
        results.get(next.name)?.reject(error);
      }
    }
  });
  return {
    outcomesOf: (name) => {
      const result = results.get(name);
      if (result === undefined) throw new RangeError(`Class ${name} is not part of this run`);
      return result.promise;
    },
    stop: async () => {
      queue.length = 0;
      await Promise.all([...lanes.values()].map((lane) => lane.stop()));
      await Promise.all(work);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One JVM with the runner in it, and a folder for its servers. */
class Lane {
  readonly #jvm: ChildProcessByStdio<Writable, Readable, null>;
  readonly #logPath: string;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #exited: Promise<unknown>;

  private constructor(jvm: ChildProcessByStdio<Writable, Readable, null>, logPath: string) {
    this.#jvm = jvm;
    this.#logPath = logPath;
    this.#lines = createInterface(jvm.stdout)[Symbol.asyncIterator]();
    this.#exited = new Promise((resolve) => jvm.once("exit", resolve));
    // A JVM that has ended takes no more classes; reading its output says so.
    jvm.stdin.on("error", () => undefined);
  }

  static async start(runFolder: string, number: number, classPaths: TestClassPaths): Promise<Lane> {
    const folder = path.join(runFolder, `lane-${number}`);
    const logs = path.join(folder, "logs");
    await mkdir(logs, { recursive: true });
    const properties = {
      "build.test.dir": path.join(folder, "data"),
      "ensemble.isolated": classPaths.isolated,
      "ensemble.log.level": "ERROR",
      "ensemble.logs": logs,
      "ensemble.main": SERVER_PROGRAM,
      "ensemble.node": process.execPath,
      // Each lane takes its ports from a range of its own.
      "test.junit.threads": String(LANES),
      "zookeeper.junit.threadid": String(number),
      "zookeeper.DigestAuthenticationProvider.superDigest": SUPER_DIGEST,
    };
    const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
    const logPath = path.join(folder, "runner.log");
    const log = openSync(logPath, "a");
    const jvm = spawn(
      JAVA,
      [...JVM_FLAGS, ...flags, "-cp", classPaths.shared, "ensemble.tests.ClassByClass"],
      { stdio: ["pipe", "pipe", log] },
    );
    closeSync(log);
    return new Lane(jvm as ChildProcessByStdio<Writable, Readable, null>, logPath);
  }

  /** @throws Error with the end of the JVM's log when it ends before the class has. */
  async run({ name, leftOut }: TestClass): Promise<TestOutcome[]> {
    this.#jvm.stdin.write(`${[name, ...leftOut].join(" ")}\n`);
    const outcomes: TestOutcome[] = [];
    for (;;) {
      const { value: line } = await this.#lines.next();
      if (line === undefined) {
        const log = await readFile(this.#logPath, "utf8");
        throw new Error(`The JVM ended during ${name}: ${log.slice(-LOG_TAIL_CHARACTERS)}`);
      }
      const outcome = JSON.parse(line) as TestOutcome | { readonly status: "finished" };
      if (outcome.status === "finished") return outcomes;
      outcomes.push(outcome);
    }
  }

  /** The runner kills its servers when it is told to end. */
  async stop(): Promise<void> {
    this.#jvm.kill("SIGTERM");
    await this.#exited;
  }
}

/**
 * The test classes that Apache ZooKeeper publishes (Maven artifact `zookeeper`, classifier
 * `tests`): installs them once into the cache, says which there are, and compiles the Java sources
 * in `../zookeeper-tests/` that make them run against our server. `stand-ins/` takes the place of
 * the classes that would start ZooKeeper's own server, `runner/` runs one class after another.
 */
import { readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { installApacheZooKeeper } from "./apache-zookeeper.ts";
import { installOnce, isCached } from "./cache.ts";
import { requireTools } from "./missing-tools.ts";
import { runCommand } from "./run-command.ts";

const SOURCES = fileURLToPath(new URL("../zookeeper-tests/", import.meta.url));
const MAVEN_TIMEOUT_MS = 300_000;

/** Class paths of a JVM that runs tests. */
export interface TestClassPaths {
  /** What all test classes share. */
  readonly shared: string;
  /** What is loaded anew for each of them: ZooKeeper keeps settings in static fields. */
  readonly isolated: string;
}

/**
 * Installs the tests and what they need, or finds them in the cache; returns the folder of the
 * jars.
 * @throws MissingToolError when a JDK, or for the first time mvn, is missing.
 */
export async function installZooKeeperTests(): Promise<string> {
  const { version } = await installApacheZooKeeper();
  const entry = `zookeeper-tests-${version}`;
  requireTools("run ZooKeeper's tests", ["javac", ...(isCached(entry) ? [] : ["mvn" as const])]);
  const folder = await installOnce(entry, async (building) => {
    await writeFile(path.join(building, "pom.xml"), pomOf(version));
    const copy = ["dependency:copy-dependencies", "-DincludeScope=runtime"];
    // A half-filled folder must never carry the final name, so Maven fills one of its own.
    await runCommand("mvn", ["--batch-mode", "--quiet", ...copy, "-DoutputDirectory=lib.new"], {
      cwd: building,
      timeoutMs: MAVEN_TIMEOUT_MS,
    });
    await rename(path.join(building, "lib.new"), path.join(building, "lib"));
  });
  return path.join(folder, "lib");
}

/** The full names of all test classes, sorted. */
export async function listZooKeeperTests(): Promise<string[]> {
  const { tests } = await findJars();
  const { stdout } = await runCommand("jar", ["--list", "--file", tests]);
  return stdout
    .split("\n")
    .filter((entry) => /^[^$]*Test\.class$/u.test(entry))
    .map((entry) => entry.replace(/\.class$/u, "").replaceAll("/", "."))
    .sort();
}

/** Compiles runner and stand-ins into folders of their own in `folder`. */
export async function compileStandIns(folder: string): Promise<TestClassPaths> {
  const jars = await findJars();
  const { folder: zooKeeper } = await installApacheZooKeeper();
  const runner = await compile("runner", folder, jars.others);
  const standIns = await compile("stand-ins", folder, [
    runner,
    jars.tests,
    ...jars.zooKeeper,
    ...jars.others,
  ]);
  return {
    shared: [runner, path.join(zooKeeper, "conf"), ...jars.others].join(path.delimiter),
    // The first of two classes with the same name is taken: ours.
    isolated: [standIns, jars.tests, ...jars.zooKeeper].join(path.delimiter),
  };
}

interface Jars {
  readonly tests: string;
  readonly zooKeeper: readonly string[];
  readonly others: readonly string[];
}

async function findJars(): Promise<Jars> {
  const { version, folder } = await installApacheZooKeeper();
  const testsFolder = await installZooKeeperTests();
  const tests = path.join(testsFolder, `zookeeper-${version}-tests.jar`);
  const all: string[] = [];
  for (const lib of [path.join(folder, "lib"), testsFolder]) {
    all.push(...(await readdir(lib)).map((file) => path.join(lib, file)));
  }
  const isZooKeepers = (jar: string): boolean => path.basename(jar).startsWith("zookeeper");
  return {
    tests,
    zooKeeper: all.filter((jar) => isZooKeepers(jar) && jar !== tests),
    others: all.filter((jar) => !isZooKeepers(jar)),
  };
}

async function compile(
  name: string,
  folder: string,
  classPath: readonly string[],
): Promise<string> {
  const sources = path.join(SOURCES, name);
  const files = (await readdir(sources, { recursive: true }))
    .filter((file) => file.endsWith(".java"))
    .map((file) => path.join(sources, file));
  const target = path.join(folder, name);
  const options = ["-nowarn", "-d", target, "-cp", classPath.join(path.delimiter)];
  await runCommand("javac", [...options, ...files]);
  return target;
}

function pomOf(version: string): string {
  const dependencies = [
    dependencyOf("org.apache.zookeeper", "zookeeper", {
      version,
      classifier: "tests",
      // The server's libraries are those of its own installation.
      exclusions: "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>",
    }),
    dependencyOf("org.bouncycastle", "bcpkix-jdk18on"),
    dependencyOf("org.hamcrest", "hamcrest-library"),
    dependencyOf("org.junit.jupiter", "junit-jupiter-engine"),
    dependencyOf("org.junit.jupiter", "junit-jupiter-params", { scope: "compile" }),
    // A few are still written for JUnit 4.
    dependencyOf("org.junit.vintage", "junit-vintage-engine", { version: "5.6.2" }),
    // Goes with the engine that ZooKeeper's parent names, which does not name this one.
    dependencyOf("org.junit.platform", "junit-platform-launcher", { version: "1.6.2" }),
    dependencyOf("org.mockito", "mockito-core"),
  ];
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>ensemble</groupId><artifactId>zookeeper-tests</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencyManagement><dependencies><dependency>
<groupId>org.apache.zookeeper</groupId><artifactId>parent</artifactId>
<version>${version}</version><type>pom</type><scope>import</scope>
</dependency></dependencies></dependencyManagement>
<dependencies>
${dependencies.join("\n")}
</dependencies>
</project>
`;
}

function dependencyOf(
  groupId: string,
  artifactId: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const tags = Object.entries({ groupId, artifactId, ...more });
  return `<dependency>${tags.map(([tag, value]) => `<${tag}>${value}</${tag}>`).join("")}</dependency>`;
}

/**
 * The real Apache ZooKeeper: installs its jars once with Maven into the cache folder, starts its
 * servers and runs its command line. What runs is what Maven Central publishes, with the runtime
 * libraries that the release itself ships (versions taken from the release's own parent POM). The
 * admin server is switched off unless the configuration switches it on. JVM flags are those of its
 * stock start script.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { cachedPath, installOnce, isCached } from "./cache.ts";
import { connectStringOf, formatZooCfg, layOutEnsemble, readClientPort } from "./member-layout.ts";
import type { LayoutOptions, MemberLayout, ZooCfg } from "./member-layout.ts";
import { copyJars } from "./maven.ts";
import { requireTools } from "./missing-tools.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";
import { startServerProcess, waitUntilServing } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";

/** Versions of each line to try, the preferred first; older ones are for mirrors that lag behind. */
const VERSIONS = { "3.9": ["3.9.5", "3.9.4"], "3.8": ["3.8.6", "3.8.5"] } as const;
const CLI_TIMEOUT_MS = 30_000;

/** JVM flags as `zkServer.sh` of the release passes them by default. */
const APACHE_JVM_FLAGS: readonly string[] = [
  "-Xmx1000m",
  "-XX:+HeapDumpOnOutOfMemoryError",
  "-Dcom.sun.management.jmxremote",
  "-Dcom.sun.management.jmxremote.local.only=false",
];

/** A line of releases that is maintained. */
export type ApacheLine = keyof typeof VERSIONS;

/** An installed release. */
export interface ApacheZooKeeper {
  /** For example "3.9.5". */
  readonly version: string;
  /** Its jars are in `lib/`, the configuration of its log in `conf/`. */
  readonly folder: string;
  /** For `java -cp`; holds a wildcard, so it must not pass through a shell. */
  readonly classPath: string;
}

/** How to start one Apache server; exactly one of `zooCfgPath` and `config` must be given. */
export interface ApacheServerOptions {
  readonly zooCfgPath?: string;
  /** Written to `<folder>/zoo.cfg`. */
  readonly config?: ZooCfg;
  /** Working directory and place of the log. Must exist. */
  readonly folder: string;
  /** @default "apache" */
  readonly name?: string;
  /** @default "3.9" */
  readonly line?: ApacheLine;
  /** Instead of those of the stock start script. */
  readonly jvmFlags?: readonly string[];
  /** Resolve only when it serves; false for a member that cannot serve alone. @default true */
  readonly wait?: boolean;
}

/** Servers of one ensemble with their files, in order of id. */
export interface ApacheEnsemble {
  readonly members: readonly MemberLayout[];
  readonly servers: readonly ServerProcess[];
  readonly connectString: string;
  stop(): Promise<void>;
}

/**
 * Installs Apache ZooKeeper into the cache, or finds it there.
 * @throws MissingToolError when java or (for the first time) mvn is missing.
 */
export async function installApacheZooKeeper(line: ApacheLine = "3.9"): Promise<ApacheZooKeeper> {
  const versions = VERSIONS[line];
  const present = versions.find((version) => isCached(entryName(version)));
  if (present !== undefined) {
    requireTools("run Apache ZooKeeper", ["java"]);
    return describe(present);
  }
  requireTools("install Apache ZooKeeper", ["java", "mvn"]);
  const failures: unknown[] = [];
  for (const version of versions) {
    try {
      await installOnce(entryName(version), (folder) => build(version, folder));
      return describe(version);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `Cannot install Apache ZooKeeper ${versions.join(" or ")}`);
}

/** Starts one Apache server and, unless `wait` is false, waits until it serves. */
export async function startApacheServer(options: ApacheServerOptions): Promise<ServerProcess> {
  const { classPath } = await installApacheZooKeeper(options.line);
  const zooCfgPath = await zooCfgOf(options);
  const server = await startServerProcess({
    name: options.name ?? "apache",
    file: "java",
    args: [
      ...(options.jvmFlags ?? APACHE_JVM_FLAGS),
      "-Dzookeeper.admin.enableServer=false",
      "-cp",
      classPath,
      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
      zooCfgPath,
    ],
    folder: options.folder,
    clientPort: await readClientPort(zooCfgPath),
  });
  if (options.wait ?? true) {
    await waitUntilServingOrKill([server]);
  }
  return server;
}

/** Lays out and starts `count` Apache servers, standalone when `count` is 1; waits for all. */
export async function startApacheEnsemble(
  count: number,
  options: LayoutOptions,
): Promise<ApacheEnsemble> {
  await installApacheZooKeeper();
  const members = await layOutEnsemble(count, options);
  const servers: ServerProcess[] = [];
  for (const { id, folder, zooCfgPath } of members) {
    servers.push(
      await startApacheServer({ name: `apache-${id}`, folder, zooCfgPath, wait: false }),
    );
  }
  await waitUntilServingOrKill(servers);
  return {
    members,
    servers,
    connectString: connectStringOf(members),
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/**
 * Runs one command of Apache's own command line client, for example
 * `runZkCli("127.0.0.1:2181", ["create", "/a", "x"])`. The command's own output is on stdout; a
 * command that fails exits with another code than 0, which is returned and not thrown.
 */
export async function runZkCli(
  connectString: string,
  args: readonly string[],
): Promise<CommandResult> {
  const java = await zkCliArguments(connectString);
  return runCommand("java", [...java, ...args], { timeoutMs: CLI_TIMEOUT_MS, allowFailure: true });
}

/** What a run of several commands in one client printed. */
export interface ZkCliOutput {
  /** Standard output of each command, in their order. */
  readonly outputs: readonly string[];
  /** What all commands wrote to standard error: confirmations and failures, line by line. */
  readonly messages: readonly string[];
}

/** Types `commands` into one client; the session is the same for all of them. */
export async function runZkCliCommands(
  connectString: string,
  commands: readonly string[],
): Promise<ZkCliOutput> {
  const java = await zkCliArguments(connectString);
  const { stdout, stderr } = await runCommand("java", [...java, "-waitforconnection"], {
    timeoutMs: CLI_TIMEOUT_MS,
    allowFailure: true,
    input: [...commands, "quit", ""].join("\n"),
  });
  // The prompt precedes each command and tells where its output begins.
  const outputs = stdout.split(/\[zk: \S+ \d+\] /u);
  const isOurs = (line: string): boolean => line !== "" && !/jline|dumb terminal/u.test(line);
  return {
    outputs: outputs.slice(1, commands.length + 1),
    messages: stderr.split("\n").filter(isOurs),
  };
}

async function zkCliArguments(connectString: string): Promise<string[]> {
  const { classPath } = await installApacheZooKeeper();
  return [
    "-Xmx256m",
    "-XX:TieredStopAtLevel=1",
    "-Densemble.log.level=WARN",
    "-Densemble.log.target=System.err",
    "-cp",
    classPath,
    "org.apache.zookeeper.ZooKeeperMain",
    "-server",
    connectString,
  ];
}

function entryName(version: string): string {
  return `apache-zookeeper-${version}-with-admin`;
}

function describe(version: string): ApacheZooKeeper {
  const folder = cachedPath(entryName(version));
  const classPath = [path.join(folder, "conf"), path.join(folder, "lib", "*")];
  return { version, folder, classPath: classPath.join(path.delimiter) };
}

async function build(version: string, folder: string): Promise<void> {
  await mkdir(path.join(folder, "conf"));
  await writeFile(path.join(folder, "conf", "logback.xml"), LOGBACK_XML);
  // The release marks these as "provided": its own distribution adds them, so we do as well.
  const provided = [
    { group: "ch.qos.logback", name: "logback-classic" },
    { group: "com.fasterxml.jackson.core", name: "jackson-databind" },
    { group: "commons-cli", name: "commons-cli" },
    { group: "io.dropwizard.metrics", name: "metrics-core" },
    { group: "org.eclipse.jetty", name: "jetty-server" },
    { group: "org.eclipse.jetty", name: "jetty-servlet" },
    { group: "org.jline", name: "jline" },
    { group: "org.xerial.snappy", name: "snappy-java" },
  ];
  const zookeeper = { group: "org.apache.zookeeper", version };
  await copyJars(folder, {
    artifacts: [{ ...zookeeper, name: "zookeeper" }, ...provided],
    managedBy: { ...zookeeper, name: "parent" },
  });
}

async function zooCfgOf(options: ApacheServerOptions): Promise<string> {
  if (options.zooCfgPath !== undefined && options.config === undefined) {
    return path.resolve(options.zooCfgPath);
  }
  if (options.config === undefined || options.zooCfgPath !== undefined) {
    throw new TypeError("Cannot start a server: give either zooCfgPath or config");
  }
  const zooCfgPath = path.resolve(options.folder, "zoo.cfg");
  await writeFile(zooCfgPath, formatZooCfg(options.config));
  return zooCfgPath;
}

async function waitUntilServingOrKill(servers: readonly ServerProcess[]): Promise<void> {
  try {
    await waitUntilServing(servers);
  } catch (error) {
    await Promise.all(servers.map((server) => server.kill()));
    throw error;
  }
}

const LOGBACK_XML = `<configuration>
<appender name="CONSOLE" class="ch.qos.logback.core.ConsoleAppender">
<target>\${ensemble.log.target:-System.out}</target>
<encoder><pattern>%d{ISO8601} [%thread] %-5level %logger{1} - %msg%n</pattern></encoder>
</appender>
<root level="\${ensemble.log.level:-INFO}"><appender-ref ref="CONSOLE"/></root>
</configuration>
`;

/**
 * What an operator costs while there is nothing to do: its memory, and its calls of the API server.
 * The command as it is shipped runs as a process of its own, against a fake API server with many
 * Ensembles whose members only say that they are well. It forms them first; then a second operator
 * takes over, finds all as it is wanted, and is measured; and others, for the median of their
 * memory. They find the API server as in a pod, or by a kubeconfig, as on a desk: that takes more.
 *
 *     npm run bench:operator -- [--ensembles 100] [--minutes 5] [--runs 3] [--access kubeconfig]
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { FakeApiServer } from "../test/operator/kube/support/fake-api-server.ts";
import type { SeenRequest } from "../test/operator/kube/support/fake-api-server.ts";
import { FakeCluster } from "../test/operator/reconcile/support/fake-cluster.ts";
import { FakeMembers } from "../test/operator/reconcile/support/fake-members.ts";
import { buildPackage } from "./built-package.ts";
import { MemberAddresses } from "./member-addresses.ts";
import type { Resident } from "./member-addresses.ts";
import { formatShort, parseNumber } from "./numbers.ts";
import { PodAccess, readOperatorCommand } from "./operator-in-pod.ts";
import { readProcessUsage } from "./process-usage.ts";
import type { ProcessUsage } from "./process-usage.ts";
import { openWorkspace } from "./workspace.ts";

const STEP_MS = 500;
const BOOKMARK_MS = 60_000;
/** For the memory of a start to be given back, as far as it is. */
const SETTLE_MS = 60_000;
const FORMING_MS_MAX = 900_000;
const MEMBERS = 3;

const { values } = parseArgs({
  options: {
    ensembles: { type: "string", default: "100" },
    minutes: { type: "string", default: "5" },
    runs: { type: "string", default: "3" },
    access: { type: "string", default: "pod" },
  },
});
const ensembleCount = parseNumber("--ensembles", values.ensembles, 1, 5000);
const minutes = parseNumber("--minutes", values.minutes, 1, 600);
const runs = parseNumber("--runs", values.runs, 1, 100);
if (!["pod", "kubeconfig"].includes(values.access)) {
  throw new Error(`Expected --access pod or kubeconfig, found '${values.access}'`);
}

const { folder } = openWorkspace();
const built = await buildPackage();
const api = await FakeApiServer.start();
api.honoursSelectors = true;
const pod = values.access === "pod" ? await PodAccess.open(api.url, folder) : null;
const ensembles = new Map<string, FakeMembers>();
const addresses = new MemberAddresses(residentAt);
const cluster = new FakeCluster(api, membersOf, () => new Date().toISOString());
cluster.addressOf = (index) => addresses.open(index);
const bookmarks = setInterval(() => {
  const object = { metadata: { resourceVersion: api.version } };
  api.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
}, BOOKMARK_MS);

for (let index = 0; index < ensembleCount; index += 1) {
  api.create("ensembles", {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name: `zk-of-team-${String(index).padStart(3, "0")}`, namespace: "default" },
    spec: { replicas: MEMBERS },
  });
}

const first = startOperator("first");
const startedMs = performance.now();
while (readyCount() < ensembleCount) {
  if (performance.now() - startedMs > FORMING_MS_MAX) throw new Error("They do not form");
  cluster.step();
  for (const members of ensembles.values()) members.step();
  await sleep(STEP_MS);
}
print("Ensembles of 3 members, formed in", seconds(performance.now() - startedMs));
print("memory of the operator that formed them", rssOf(first));
await stop(first);

const operator = startOperator("second");
await sleep(SETTLE_MS);
const from = api.requests.length;
const cpuSeconds = readProcessUsage(pidOf(operator)).cpuSeconds;
await sleep(minutes * 60_000);
const seen = api.requests.slice(from);
const usages = [readProcessUsage(pidOf(operator))];
const usedSeconds = readProcessUsage(pidOf(operator)).cpuSeconds - cpuSeconds;
print("its share of one core", `${formatShort((usedSeconds / (minutes * 60)) * 100)} %`);
reportCalls(seen);
await stop(operator);
for (let run = 2; run <= runs; run += 1) usages.push(await measureAnother(run));
const rss = usages.map(({ rssBytes }) => rssBytes).sort((one, other) => one - other);
print("memory of one that finds them as wanted", rss.map(megabytes).join(", "));
print("the median of that", megabytes(rss[(rss.length - 1) >> 1] ?? 0));
const peaks = usages.map(({ rssPeakBytes }) => rssPeakBytes);
print("the highest of any, since its start", megabytes(Math.max(...peaks)));
pod?.close();
clearInterval(bookmarks);
addresses.close();
await api.close();

/** Renewals of the lease and watches are the operator's, however many ensembles there are. */
function reportCalls(requests: readonly SeenRequest[]): void {
  const isOfLease = ({ path }: SeenRequest): boolean => path.includes("/leases/");
  const watches = requests.filter(({ verb }) => verb === "WATCH");
  const rest = requests.filter((request) => request.verb !== "WATCH" && !isOfLease(request));
  const perTenMinutes = (rest.length / ensembleCount) * (10 / minutes);
  print(`calls in ${minutes} min, for the lease`, String(requests.filter(isOfLease).length));
  print("watches opened anew", String(watches.length));
  print("other calls", String(rest.length));
  print("other calls per Ensemble in 10 min", formatShort(perTenMinutes));
  const kinds = Map.groupBy(rest, ({ verb, path }) => `${verb} ${path.split("/").at(-2) ?? ""}`);
  for (const [kind, calls] of kinds) print(`  ${kind}`, String(calls.length));
}

async function measureAnother(run: number): Promise<ProcessUsage> {
  const another = startOperator(`operator-${run}`);
  await sleep(2 * SETTLE_MS);
  const usage = readProcessUsage(pidOf(another));
  await stop(another);
  return usage;
}

function startOperator(name: string): ChildProcess {
  const ports = ["--health-port", "0", "--metrics-port", "0"];
  const args = [built.entryPoint, "operator", "--image", "ensemble:1.0.0", ...ports];
  const log = openSync(path.join(folder, `${name}.log`), "a");
  const child = pod === null ? startOnDesk(args, log) : startInPod(pod, args, log);
  process.on("exit", () => child.kill("SIGKILL"));
  return child;
}

function startInPod(access: PodAccess, args: readonly string[], log: number): ChildProcess {
  const { nodeFlags, env } = readOperatorCommand();
  const command = [process.execPath, ...nodeFlags, ...args];
  return access.spawn(command, { ...process.env, ...env, POD_NAMESPACE: "default" }, log);
}

function startOnDesk(args: readonly string[], log: number): ChildProcess {
  const kubeconfig = path.join(folder, "kubeconfig.json");
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(api.url)));
  const env = { ...process.env, KUBECONFIG: kubeconfig, POD_NAMESPACE: "default" };
  const stdio = ["ignore" as const, log, log];
  return spawn(process.execPath, [...built.nodeFlags, ...args], { env, stdio });
}

function kubeconfigOf(server: string): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "fake", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "operator", user: {} }],
    contexts: [{ name: "fake", context: { cluster: "fake", user: "operator" } }],
    "current-context": "fake",
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

function membersOf(name: string): FakeMembers {
  const members = ensembles.get(name) ?? new FakeMembers();
  ensembles.set(name, members);
  return members;
}

function residentAt(address: string): Resident | null {
  for (const { metadata, status } of api.all("pods")) {
    if ((status as { podIP?: string }).podIP !== address) continue;
    const [, name = "", ordinal] = /^(.+)-([0-9]+)$/u.exec(metadata.name) ?? [];
    return { members: membersOf(name), sid: Number(ordinal) + 1 };
  }
  return null;
}

function readyCount(): number {
  return api.all("ensembles").filter(({ status }) => {
    const { conditions = [] } = (status ?? {}) as {
      conditions?: { type: string; reason: string }[];
    };
    return conditions.some(({ type, reason }) => type === "Ready" && reason === "AsWanted");
  }).length;
}

function rssOf(child: ChildProcess): string {
  return megabytes(readProcessUsage(pidOf(child)).rssBytes);
}

function pidOf({ pid, exitCode }: ChildProcess): number {
  if (pid === undefined || exitCode !== null) throw new Error(`The operator ended: see ${folder}`);
  return pid;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(48)}${figure.padStart(12)}`);
}

/**
 * A network namespace for each server, joined by a router which is the namespace of this process:
 * nothing but the router's filter stands between two servers, so that a broken link loses packets
 * and everybody's TCP does what it does then. Needs `ip` and `nft`, and to be the root of a network
 * namespace that nobody else uses: see `containment.ts`.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { End, Impairment, Network } from "./network.ts";

const verdicts: Readonly<Record<Impairment["kind"], string>> = {
  cut: "drop",
  lossy: "numgen random mod 100 < 25 drop",
  narrow: "limit rate over 60 kbytes/second drop",
};

export class NamespaceNetwork implements Network {
  readonly description = "network namespaces";
  readonly kinds = ["cut", "lossy", "narrow"] as const;
  readonly isUniform = true;
  readonly hasClients = true;

  private constructor() {
    // Made by `create`.
  }

  static create(ids: readonly number[]): NamespaceNetwork {
    // Names of namespaces are files below /run, and everybody's: these are ours alone.
    run("mount", ["-t", "tmpfs", "tmpfs", "/run"]);
    run("ip", ["link", "set", "lo", "up"]);
    writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
    for (const id of ids) addServer(id);
    const network = new NamespaceNetwork();
    run("nft", ["-f", "-"], chainsOf([]));
    return network;
  }

  hostOf(id: number): string {
    return `10.77.${id}.2`;
  }

  peerHost(_viewer: number, id: number): string {
    return this.hostOf(id);
  }

  commandOf(id: number, commandLine: readonly string[]): readonly string[] {
    return ["ip", "netns", "exec", `server-${id}`, ...commandLine];
  }

  impair(impairments: readonly Impairment[]): Promise<void> {
    run("nft", ["-f", "-"], chainsOf(impairments));
    return Promise.resolve();
  }

  close(): void {
    // Goes with the namespace of this process.
  }
}

function addServer(id: number): void {
  const [name, hub] = [`server-${id}`, `hub-${id}`];
  const within = (...args: string[]): void => run("ip", ["-n", name, ...args]);
  run("ip", ["netns", "add", name]);
  run("ip", ["link", "add", hub, "type", "veth", "peer", "name", "eth0", "netns", name]);
  run("ip", ["address", "add", `10.77.${id}.1/24`, "dev", hub]);
  run("ip", ["link", "set", hub, "up"]);
  within("link", "set", "lo", "up");
  within("address", "add", `10.77.${id}.2/24`, "dev", "eth0");
  within("link", "set", "eth0", "up");
  within("route", "add", "default", "via", `10.77.${id}.1`);
}

/** The whole filter, which takes the place of the one before in one step. */
function chainsOf(impairments: readonly Impairment[]): string {
  const rules = { input: "", output: "", forward: "" };
  for (const { from, to, kind } of impairments) {
    const hook = to === "clients" ? "input" : from === "clients" ? "output" : "forward";
    rules[hook] += `    ${match("saddr", from)}${match("daddr", to)}${verdicts[kind]}\n`;
  }
  const chains = Object.entries(rules).map(
    ([hook, lines]) => `  chain ${hook} {\n    type filter hook ${hook} priority 0;\n${lines}  }\n`,
  );
  const table = "table ip faults";
  return `${table} {}\ndelete ${table}\n${table} {\n${chains.join("")}}\n`;
}

function match(field: "saddr" | "daddr", end: End): string {
  return end === "clients" ? "" : `ip ${field} 10.77.${end}.2 `;
}

function run(file: string, args: readonly string[], input = ""): void {
  const { status, stderr, error } = spawnSync(file, args, { input, encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`Cannot ${file} ${args.join(" ")}: ${error?.message ?? stderr}`);
}

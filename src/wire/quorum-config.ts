/**
 * The configuration of an ensemble, and its text as servers exchange it in votes and with
 * NEWLEADER, keep it in `/zookeeper/config` and give it to clients (ZooKeeper 3.5 and later):
 *
 *     server.N=…          one line for each server, see `server-line.ts`
 *     group.G=N1:N2:…     hierarchical quorums only: the servers of a group
 *     weight.N=K          hierarchical quorums only: the weight of a server
 *     version=H           hexadecimal; the zxid of the change that made this configuration
 *
 * in this order, each kind ascending, separated by line feeds, none at the end. A configuration
 * without groups decides by majority of its participants. What a quorum is, is not decided here.
 */
import { QuorumConfigError } from "./quorum-config-error.ts";
import {
  formatServerLine,
  parseNumber,
  parseNumberedKey,
  parseServerLine,
  sortServers,
} from "./server-line.ts";
import type { ServerSpec } from "./server-line.ts";

/** Who belongs to the ensemble, and how its quorums are reckoned. All maps ascend by key. */
export interface QuorumConfig {
  /** By server id. */
  readonly servers: ReadonlyMap<bigint, ServerSpec>;
  /** Server ids by group id; empty for majority quorums. A participant is in exactly one group. */
  readonly groups: ReadonlyMap<bigint, readonly bigint[]>;
  /** Weight by server id, of every participant; empty for majority quorums. */
  readonly weights: ReadonlyMap<bigint, bigint>;
  /** 0 for a configuration that was written by hand. */
  readonly version: bigint;
}

/** The lines of a configuration in any order, before they are held against each other. */
interface QuorumConfigParts {
  readonly servers: Iterable<ServerSpec>;
  readonly groups?: ReadonlyMap<bigint, readonly bigint[]>;
  readonly weights?: ReadonlyMap<bigint, bigint>;
  readonly version: bigint;
}

/** Highest weight, so that sums of weights are exact as numbers, and fit 64 bits elsewhere. */
const weightMax = 0x7fffffffn;

/** Most servers that a configuration may have. */
const serversMax = 255;

/**
 * Makes a configuration of its lines: sorted, checked, and with the weight 1 for each participant
 * of a hierarchical one that has none.
 *
 * @throws QuorumConfigError when the lines contradict each other.
 */
export function makeQuorumConfig(parts: QuorumConfigParts): QuorumConfig {
  const sorted = sortServers(parts.servers);
  const servers = new Map(sorted.map((server) => [server.sid, server]));
  if (servers.size < sorted.length) throw new QuorumConfigError("each server id once");
  if (servers.size > serversMax) throw new QuorumConfigError(`at most ${serversMax} servers`);
  const { groups = new Map(), weights = new Map(), version } = parts;
  if (groups.size === 0 && weights.size === 0) return { servers, groups, weights, version };
  return {
    servers,
    groups: checkGroups(groups, servers),
    weights: completeWeights(weights, servers),
    version,
  };
}

/** Writes a configuration as servers exchange it; `parseQuorumConfig` reads it back. */
export function formatQuorumConfig(config: QuorumConfig): string {
  return [
    ...[...config.servers].map(([sid, server]) => `server.${sid}=${formatServerLine(server)}`),
    ...[...config.groups].map(([group, sids]) => `group.${group}=${sids.join(":")}`),
    ...[...config.weights].map(([sid, weight]) => `weight.${sid}=${weight}`),
    `version=${config.version.toString(16)}`,
  ].join("\n");
}

/**
 * Reads the text that `formatQuorumConfig` and ZooKeeper write; a missing version is 0.
 *
 * @throws QuorumConfigError for a line of another kind, or lines that contradict each other.
 */
export function parseQuorumConfig(text: string): QuorumConfig {
  const servers: ServerSpec[] = [];
  const groups = new Map<bigint, readonly bigint[]>();
  const weights = new Map<bigint, bigint>();
  let version = 0n;
  for (const line of text.split(/\r?\n/u)) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const equals = trimmed.indexOf("=");
    const key = trimmed.slice(0, Math.max(equals, 0)).trim();
    const value = trimmed.slice(equals + 1).trim();
    if (key.startsWith("server.")) servers.push(parseServerLine(parseNumberedKey(key), value));
    else if (key.startsWith("group.")) groups.set(parseNumberedKey(key), parseGroup(value));
    else if (key.startsWith("weight.")) weights.set(parseNumberedKey(key), parseWeight(value));
    else if (key === "version") version = parseVersion(value);
    else throw new QuorumConfigError("lines server.N=…, group.N=…, weight.N=… and version=…");
  }
  return makeQuorumConfig({ servers, groups, weights, version });
}

/** The value of a `group.N=` line: server ids. @throws QuorumConfigError */
export function parseGroup(value: string): bigint[] {
  return value.split(":").map((text) => {
    const sid = parseNumber(text.trim());
    if (sid === undefined) throw new QuorumConfigError("server ids with ':' between them");
    return sid;
  });
}

/** The value of a `weight.N=` line. @throws QuorumConfigError */
export function parseWeight(value: string): bigint {
  const weight = parseNumber(value);
  if (weight === undefined || weight > weightMax) {
    throw new QuorumConfigError(`a whole number up to ${weightMax}`);
  }
  return weight;
}

function parseVersion(value: string): bigint {
  if (/^[0-9a-fA-F]{1,16}$/u.test(value)) return BigInt(`0x${value}`);
  throw new QuorumConfigError("the version in hexadecimal");
}

function checkGroups(
  groups: ReadonlyMap<bigint, readonly bigint[]>,
  servers: ReadonlyMap<bigint, ServerSpec>,
): Map<bigint, readonly bigint[]> {
  const grouped = new Set<bigint>();
  for (const sid of [...groups.values()].flat()) {
    if (!servers.has(sid)) throw new QuorumConfigError("no server in a group but those listed");
    if (grouped.has(sid)) throw new QuorumConfigError(`server ${sid} in one group only`);
    grouped.add(sid);
  }
  for (const { sid, role } of servers.values()) {
    if (role === "participant" && !grouped.has(sid)) {
      throw new QuorumConfigError(`server ${sid} in a group, as there are groups`);
    }
  }
  const sorted = [...groups].map(([group, sids]) => [group, [...sids].sort(ascending)] as const);
  return new Map(sorted.sort(([left], [right]) => ascending(left, right)));
}

function completeWeights(
  weights: ReadonlyMap<bigint, bigint>,
  servers: ReadonlyMap<bigint, ServerSpec>,
): Map<bigint, bigint> {
  const all = new Map(weights);
  for (const { sid, role } of servers.values()) {
    if (role === "participant" && !all.has(sid)) all.set(sid, 1n);
  }
  return new Map([...all].sort(([left], [right]) => ascending(left, right)));
}

function ascending(left: bigint, right: bigint): number {
  return left < right ? -1 : Number(left > right);
}

/**
 * The configuration that a reconfiguration asks for: what joins and leaves, or all members anew
 * (ZooKeeper 3.9 `PrepRequestProcessor`, `QuorumPeerConfig.parseDynamicConfig`). Whatever is
 * wrong with the request's text is `badArguments`; ZooKeeper has `marshallingError` for numbers
 * that are none. Whether the next configuration could take over is not asked here.
 */
import {
  ErrorCode,
  QuorumConfigError,
  formatQuorumConfig,
  makeQuorumConfig,
  parseNumberedKey,
  parseQuorumConfig,
  parseServerLine,
} from "../wire/index.ts";
import type { QuorumConfig, ReconfigRequest, ServerSpec } from "../wire/index.ts";

/** Most bytes of a configuration's text, which every vote carries. */
const configBytesMax = 64 * 1024;

/** What the next configuration is made from besides the request. */
export interface NextConfigOptions {
  /** The newest configuration, which the next one differs from. */
  readonly current: QuorumConfig;
  /** Version of the next one: the zxid of the request. */
  readonly version: bigint;
  /** Fewest voters: 2 with `standaloneEnabled`, else 1. */
  readonly votersMin: number;
}

/** The next configuration, or the error code for a request that describes none. */
export function nextConfig(
  request: ReconfigRequest,
  options: NextConfigOptions,
): QuorumConfig | number {
  const { current, version, votersMin } = options;
  const { fromVersion, newMembers } = request;
  if (fromVersion !== -1n && fromVersion !== current.version) return ErrorCode.badVersion;
  try {
    const servers = newMembers === null ? changed(request, current) : null;
    const next =
      servers === null
        ? { ...parseQuorumConfig((newMembers ?? "").replaceAll(",", "\n")), version }
        : makeQuorumConfig({ servers, version });
    checkEndpoints(next.servers.values());
    const voters = [...next.servers.values()].filter(({ role }) => role === "participant");
    const isShort = formatQuorumConfig(next).length <= configBytesMax;
    return isShort && voters.length >= votersMin ? next : ErrorCode.badArguments;
  } catch (error) {
    if (error instanceof QuorumConfigError) return ErrorCode.badArguments;
    throw error;
  }
}

/** The servers of a configuration less those that leave and with those that join. */
function changed(request: ReconfigRequest, current: QuorumConfig): Iterable<ServerSpec> {
  if (current.groups.size > 0) {
    throw new QuorumConfigError("all members at once, as the quorums are hierarchical");
  }
  const servers = new Map(current.servers);
  for (const sid of listOf(request.leaving)) servers.delete(parseNumberedKey(`server.${sid}`));
  for (const line of listOf(request.joining)) {
    const [key = "", value, ...extra] = line.split("=");
    if (value === undefined || extra.length > 0) throw new QuorumConfigError("server.N=…");
    // ZooKeeper takes the number behind the last dot, whatever stands before it.
    const sid = parseNumberedKey(`server.${key.slice(key.lastIndexOf(".") + 1).trim()}`);
    const server = parseServerLine(sid, value.trim());
    if (server.clientAddress === undefined) throw new QuorumConfigError("a client port");
    servers.set(sid, server);
  }
  return servers.values();
}

function listOf(text: string | null): string[] {
  const items = (text ?? "").split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}

/** Two that listen in one place could never run both. @throws QuorumConfigError */
function checkEndpoints(servers: Iterable<ServerSpec>): void {
  const used = new Set<string>();
  const use = (host: string, port: number): void => {
    const endpoint = `${host.toLowerCase()}:${port}`;
    if (used.has(endpoint)) throw new QuorumConfigError(`${endpoint} to be used once`);
    used.add(endpoint);
  };
  for (const { addresses, clientAddress } of servers) {
    // Members have one address each; `multiAddress.enabled` is ZooKeeper's alone.
    if (addresses.length > 1) throw new QuorumConfigError("one address of each server");
    for (const { host, quorumPort, electionPort } of addresses) {
      use(host, quorumPort);
      use(host, electionPort);
    }
    if (clientAddress === undefined || isLocal(clientAddress.host)) continue;
    use(clientAddress.host, clientAddress.port);
  }
}

/** Hosts that are another machine for each server. */
function isLocal(host: string): boolean {
  return ["0.0.0.0", "::", "::1", "localhost"].includes(host) || host.startsWith("127.");
}

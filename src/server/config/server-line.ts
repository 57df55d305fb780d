/**
 * The server lines of a configuration, read and written:
 *
 *     server.N=host:quorumPort:electionPort[:role][|host:quorumPort:electionPort…]
 *              [;[clientHost:]clientPort]
 *
 * as in ZooKeeper's dynamic configuration, with IPv6 addresses in brackets. The same text, with
 * its version as the last line, is what servers exchange in votes, store in `/zookeeper/config`
 * and give to clients (protocol of ZooKeeper 3.5 and later; hierarchical quorums excepted).
 */
import type {
  ClientAddress,
  Membership,
  PeerAddress,
  ServerRole,
  ServerSpec,
} from "./server-config.ts";

const SID_MAX = 0x7fffffffffffffffn;
const ANY_HOST = "0.0.0.0";

/** A server line that cannot be read; `message` says what was expected. */
export class ServerLineError extends Error {
  override readonly name = "ServerLineError";
}

/**
 * The server id in a key such as `server.3`.
 *
 * @throws ServerLineError when it is not a number of at most 63 bits.
 */
export function parseServerKey(key: string): bigint {
  const digits = key.slice("server.".length);
  const sid = /^[0-9]{1,19}$/u.test(digits) ? BigInt(digits) : -1n;
  if (sid < 0n || sid > SID_MAX) {
    throw new ServerLineError("a key of the form server.N, where N is a whole number");
  }
  return sid;
}

/**
 * Reads the value of a server line.
 *
 * @throws ServerLineError when it does not follow the grammar above.
 */
export function parseServerLine(sid: bigint, value: string): ServerSpec {
  const [serverPart = "", clientPart, ...extra] = value.split(";");
  if (extra.length > 0) throw new ServerLineError("at most one ';'");
  const addresses: PeerAddress[] = [];
  let role: ServerRole = "participant";
  for (const addressText of serverPart.split("|")) {
    const parts = splitHostParts(addressText.trim());
    const [host = "", quorumPort = "", electionPort = "", roleText] = parts;
    if (parts.length < 3 || parts.length > 4 || host === "") {
      throw new ServerLineError(
        "host:quorumPort:electionPort[:participant|:observer][;[clientHost:]clientPort]",
      );
    }
    addresses.push({
      host,
      quorumPort: parsePort(quorumPort, "the quorum port"),
      electionPort: parsePort(electionPort, "the election port"),
    });
    if (roleText !== undefined) role = parseRole(roleText);
  }
  if (clientPart === undefined) return { sid, addresses, role };
  return { sid, addresses, role, clientAddress: parseClientPart(clientPart.trim()) };
}

/**
 * A server's role, in any case.
 *
 * @throws ServerLineError when it is neither participant nor observer.
 */
export function parseRole(text: string): ServerRole {
  const role = text.trim().toLowerCase();
  if (role === "participant" || role === "observer") return role;
  throw new ServerLineError("the role to be participant or observer");
}

/** Writes the value of a server line; `parseServerLine` reads it back. */
export function formatServerLine(server: ServerSpec): string {
  const addresses = server.addresses.map(
    ({ host, quorumPort, electionPort }) =>
      `${formatHost(host)}:${String(quorumPort)}:${String(electionPort)}:${server.role}`,
  );
  const client = server.clientAddress;
  const clientPart =
    client === undefined ? "" : `;${formatHost(client.host)}:${String(client.port)}`;
  return addresses.join("|") + clientPart;
}

/**
 * The text of a membership as servers exchange it: the server lines by ascending id, then
 * `version=` in hexadecimal, separated by line feeds, none at the end.
 */
export function formatQuorumConfig(
  servers: ReadonlyMap<bigint, ServerSpec>,
  version: bigint,
): string {
  const lines = sortServers(servers.values()).map(
    (server) => `server.${String(server.sid)}=${formatServerLine(server)}`,
  );
  return [...lines, `version=${version.toString(16)}`].join("\n");
}

/**
 * Reads the text that `formatQuorumConfig` and ZooKeeper write; a missing version is 0.
 *
 * @throws ServerLineError for a line that is no server line, including those of groups.
 */
export function parseQuorumConfig(text: string): Membership {
  const servers: ServerSpec[] = [];
  let version = 0n;
  for (const line of text.split(/\r?\n/u)) {
    const trimmed = line.trim();
    if (trimmed === "") continue;
    const equals = trimmed.indexOf("=");
    const key = trimmed.slice(0, Math.max(equals, 0)).trim();
    const value = trimmed.slice(equals + 1).trim();
    if (key === "version" && /^[0-9a-fA-F]{1,16}$/u.test(value)) {
      version = BigInt(`0x${value}`);
    } else if (key.startsWith("server.")) {
      servers.push(parseServerLine(parseServerKey(key), value));
    } else {
      throw new ServerLineError("lines server.N=… and version=<hexadecimal>");
    }
  }
  return {
    servers: new Map(sortServers(servers).map((server) => [server.sid, server])),
    version,
  };
}

/** The servers in ascending order of their ids. */
export function sortServers(servers: Iterable<ServerSpec>): ServerSpec[] {
  return [...servers].sort((left, right) =>
    left.sid < right.sid ? -1 : Number(left.sid > right.sid),
  );
}

function parseClientPart(text: string): ClientAddress {
  const parts = splitHostParts(text);
  const [first = "", second] = parts;
  if (parts.length > 2) throw new ServerLineError("[clientHost:]clientPort after the ';'");
  if (second === undefined) return { host: ANY_HOST, port: parsePort(first, "the client port") };
  return { host: first || ANY_HOST, port: parsePort(second, "the client port") };
}

/** Splits at colons, except for those of an IPv6 address in brackets, which lose their brackets. */
function splitHostParts(text: string): string[] {
  if (!text.startsWith("[")) return text.split(":").map((part) => part.trim());
  const end = text.indexOf("]");
  if (end < 0) throw new ServerLineError("a ']' after the IPv6 address");
  const rest = text.slice(end + 1);
  if (!rest.startsWith(":")) throw new ServerLineError("a ':' after the ']'");
  return [text.slice(1, end), ...rest.slice(1).split(":")];
}

function parsePort(text: string, what: string): number {
  const port = /^[0-9]{1,5}$/u.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new ServerLineError(`${what} to be 0 to 65535`);
  return port;
}

function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

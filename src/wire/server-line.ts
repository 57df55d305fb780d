/**
 * One server line of a configuration, read and written:
 *
 *     server.N=host:quorumPort:electionPort[|host:quorumPort:electionPort…][:role]
 *              [;[clientHost:]clientPort]
 *
 * as in ZooKeeper's dynamic configuration (3.6 and later for several addresses), with IPv6
 * addresses in brackets. `quorum-config.ts` has the text that these lines are part of.
 */
import { QuorumConfigError } from "./quorum-config-error.ts";

/** A server's place in the membership. */
export type ServerRole = "participant" | "observer";

/** Where one server listens for its peers. */
export interface PeerAddress {
  /** Host name or address; an IPv6 address without its brackets. */
  readonly host: string;
  /** Port for the leader's connections with its learners. */
  readonly quorumPort: number;
  /** Port for leader election. */
  readonly electionPort: number;
}

/** Where one server listens for clients. */
export interface ClientAddress {
  /** Host name or address; `0.0.0.0` when every interface is meant. */
  readonly host: string;
  readonly port: number;
}

/** One `server.N=` line. */
export interface ServerSpec {
  /** The server's id, the N of its line and the content of its `myid`. */
  readonly sid: bigint;
  /** At least one. */
  readonly addresses: readonly PeerAddress[];
  readonly role: ServerRole;
  /** Absent when the line has no client part. */
  readonly clientAddress?: ClientAddress;
}

const NUMBER_MAX = 0x7fffffffffffffffn;
const ANY_HOST = "0.0.0.0";

/**
 * The number in a key such as `server.3`, `group.1` or `weight.3`, at most 63 bits.
 *
 * @throws QuorumConfigError
 */
export function parseNumberedKey(key: string): bigint {
  const [word = "", digits = ""] = key.split(".", 2);
  const number = key.length === word.length + 1 + digits.length ? parseNumber(digits) : undefined;
  if (number !== undefined) return number;
  throw new QuorumConfigError(`a key of the form ${word}.N, where N is a whole number`);
}

/** A whole number of at most 63 bits in decimal digits; undefined for anything else. */
export function parseNumber(text: string): bigint | undefined {
  const number = /^[0-9]{1,19}$/u.test(text) ? BigInt(text) : -1n;
  return number < 0n || number > NUMBER_MAX ? undefined : number;
}

/**
 * Reads the value of a server line.
 *
 * @throws QuorumConfigError when it does not follow the grammar above.
 */
export function parseServerLine(sid: bigint, value: string): ServerSpec {
  const [serverPart = "", clientPart, ...extra] = value.split(";");
  if (extra.length > 0) throw new QuorumConfigError("at most one ';'");
  const addresses: PeerAddress[] = [];
  let role: ServerRole = "participant";
  for (const addressText of serverPart.split("|")) {
    const parts = splitHostParts(addressText.trim());
    const [host = "", quorumPort = "", electionPort = "", roleText] = parts;
    if (parts.length < 3 || parts.length > 4 || !isHost(host)) {
      throw new QuorumConfigError(
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
 * @throws QuorumConfigError when it is neither participant nor observer.
 */
export function parseRole(text: string): ServerRole {
  const role = text.trim().toLowerCase();
  if (role === "participant" || role === "observer") return role;
  throw new QuorumConfigError("the role to be participant or observer");
}

/**
 * Writes the value of a server line as ZooKeeper does, addresses in the order of their hosts;
 * `parseServerLine` reads it back.
 */
export function formatServerLine(server: ServerSpec): string {
  const addresses = [...server.addresses].sort((left, right) =>
    left.host < right.host ? -1 : Number(left.host > right.host),
  );
  const addressText = addresses
    .map(({ host, quorumPort, electionPort }) => {
      return `${formatHost(host)}:${quorumPort}:${electionPort}`;
    })
    .join("|");
  const client = server.clientAddress;
  const clientText = client === undefined ? "" : `;${formatHost(client.host)}:${client.port}`;
  return `${addressText}:${server.role}${clientText}`;
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
  if (parts.length > 2 || (second !== undefined && first !== "" && !isHost(first)))
    throw new QuorumConfigError("[clientHost:]clientPort after the ';'");
  if (second === undefined) return { host: ANY_HOST, port: parsePort(first, "the client port") };
  return { host: first || ANY_HOST, port: parsePort(second, "the client port") };
}

/** Splits at colons, except for those of an IPv6 address in brackets, which lose their brackets. */
function splitHostParts(text: string): string[] {
  if (!text.startsWith("[")) return text.split(":").map((part) => part.trim());
  const end = text.indexOf("]");
  if (end < 0) throw new QuorumConfigError("a ']' after the IPv6 address");
  const rest = text.slice(end + 1);
  if (!rest.startsWith(":")) throw new QuorumConfigError("a ':' after the ']'");
  return [text.slice(1, end), ...rest.slice(1).split(":")];
}

/** What cannot be part of a name or address would change the meaning of the line it is put in. */
function isHost(text: string): boolean {
  return text !== "" && !/[\s\p{Cc},=]/u.test(text);
}

function parsePort(text: string, what: string): number {
  const port = /^[0-9]{1,5}$/u.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new QuorumConfigError(`${what} to be 0 to 65535`);
  return port;
}

function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

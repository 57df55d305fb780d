/**
 * Connection strings as ZooKeeper's clients take them: `host:port,host:port/chroot`. The port may
 * be left out (2181), an IPv6 address with a port stands in brackets, and the path at the end, the
 * chroot, is put before every path of the client.
 */
import { pathProblem } from "../wire/index.ts";
import { ZkError } from "./zk-error.ts";

/** Where a server may be reached. */
export interface ServerAddress {
  /** A name or an IP address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A connection string taken apart. */
export interface ConnectString {
  /** At least one, in the order given. */
  readonly servers: readonly ServerAddress[];
  /** "" when there is none; otherwise a valid path other than "/". */
  readonly chroot: string;
}

/** The port of clients when a server is given without one. */
export const defaultClientPort = 2181;

/** @throws ZkError `badArguments` that says which part is wrong. */
export function parseConnectString(text: string): ConnectString {
  const slash = text.indexOf("/");
  const hosts = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? "/" : text.slice(slash);
  const problem = pathProblem(path);
  if (problem !== undefined) {
    throw malformed(text, `path '${path}': ${problem}`);
  }
  const servers = hosts.split(",").map((part) => parseServer(part.trim(), text));
  return { servers, chroot: path === "/" ? "" : path };
}

/** "host:port", with brackets around an IPv6 address. */
export function formatServer({ host, port }: ServerAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const bracketed = /^\[(?<host>[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%\w+)?)\](?::(?<port>.*))?$/u;
const plain = /^(?<host>[^:[\]\s]+)(?::(?<port>[^:]*))?$/u;
/** An IPv6 address without brackets and port: eight groups, or fewer around "::". */
const bareIpv6 =
  /^(?<host>(?:[0-9A-Fa-f.]+:){7}[0-9A-Fa-f.]+|[0-9A-Fa-f:.]*::[0-9A-Fa-f:.]*(?:%\w+)?)$/u;

function parseServer(part: string, text: string): ServerAddress {
  const groups = (bracketed.exec(part) ?? plain.exec(part) ?? bareIpv6.exec(part))?.groups;
  const host = groups?.["host"];
  if (host === undefined) {
    throw malformed(text, `server '${part}': expected 'host', 'host:port' or '[ipv6]:port'`);
  }
  const portText = groups?.["port"];
  const port = portText === undefined ? defaultClientPort : Number(portText);
  if (!/^\d*$/.test(portText ?? "") || port < 1 || port > 65535) {
    throw malformed(text, `server '${part}': expected a port from 1 to 65535`);
  }
  return { host, port };
}

function malformed(text: string, reason: string): ZkError {
  return new ZkError("badArguments", `Cannot parse connection string '${text}': ${reason}`);
}

/**
 * Who the servers are and which one this is: joins the server lines, groups and weights (of the
 * main file or of its dynamic file), the `myid` file and `clientPort` into one consistent answer,
 * or says what contradicts what.
 */
import { QuorumConfigError, parseRole } from "../../wire/index.ts";
import type { ClientAddress, ServerRole, ServerSpec } from "../../wire/index.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigValues } from "./config-values.ts";
import { readMembers } from "./member-lines.ts";
import { parseProperties } from "./properties.ts";
import type { Property } from "./properties.ts";
import type { ReadTextFile } from "./read-text-file.ts";
import type { ServerConfig } from "./server-config.ts";

/** What the membership is made from. */
export interface MembershipSettings {
  readonly file: string;
  readonly values: ConfigValues;
  readonly serverLines: readonly Property[];
  readonly dataDir: string;
  readonly readFile: ReadTextFile;
  /** Sentences for the user are added here. */
  readonly warnings: string[];
}

type MembershipConfig = Pick<
  ServerConfig,
  | "myId"
  | "replicated"
  | "servers"
  | "groups"
  | "weights"
  | "configVersion"
  | "clientPort"
  | "clientPortAddress"
  | "reconfigEnabled"
  | "standaloneEnabled"
>;

/** Reads everything about the membership. @throws ConfigError */
export function readMembership(settings: MembershipSettings): MembershipConfig {
  const { values, warnings } = settings;
  const standaloneEnabled = values.boolean("standaloneEnabled");
  const { lines, linesFile, version } = findServerLines(settings);
  const stated = readMembers(lines, linesFile);
  const { servers } = stated;
  const voterCount = [...servers.values()].filter(({ role }) => role === "participant").length;
  checkVoters({ file: linesFile, voterCount, serverCount: servers.size, standaloneEnabled });
  const replicated = voterCount > 1 || !standaloneEnabled;
  const myId = readMyId(settings, replicated, servers);
  const own = myId === null ? undefined : servers.get(myId);
  checkRole(settings, own);
  if (replicated) {
    for (const name of ["initLimit", "syncLimit"]) {
      if (values.integerOrNull(name) === null) throw values.error(name, "it to be set");
    }
    if (voterCount === 2) {
      warnings.push(`${linesFile}: with 2 voters no failure is tolerated; 3 are needed for that`);
    }
  }
  return {
    myId,
    replicated,
    ...(replicated ? stated : { servers: new Map(), groups: new Map(), weights: new Map() }),
    configVersion: version,
    reconfigEnabled: values.boolean("reconfigEnabled"),
    standaloneEnabled,
    ...readClientAddress(values, own?.clientAddress),
  };
}

interface ServerLines {
  readonly lines: readonly Property[];
  readonly linesFile: string;
  readonly version: bigint;
}

function findServerLines(settings: MembershipSettings): ServerLines {
  const { file, values, serverLines, readFile } = settings;
  const dynamicFile = values.text("dynamicConfigFile");
  if (dynamicFile === null) return { lines: serverLines, linesFile: file, version: 0n };
  const [misplaced] = serverLines;
  if (misplaced !== undefined) {
    const expected = `server lines only in the dynamic file ${dynamicFile}`;
    throw new ConfigError({ file, line: misplaced.line, key: misplaced.key, expected });
  }
  const text = readFile(dynamicFile);
  if (text === null) throw values.error("dynamicConfigFile", "a file that exists");
  const lines = parseProperties(text, dynamicFile);
  for (const { key, line } of lines) {
    if (/^(server|group|weight)\.|^version$/u.test(key)) continue;
    const expected = "nothing but server.N, group.N and weight.N lines in a dynamic file";
    throw new ConfigError({ file: dynamicFile, line, key, expected });
  }
  // The version is the end of the file's name, in hexadecimal: zoo.cfg.dynamic.100000000
  const suffix = /\.([0-9a-fA-F]{1,16})$/u.exec(dynamicFile)?.[1];
  const version = suffix === undefined ? 0n : BigInt(`0x${suffix}`);
  return { lines, linesFile: dynamicFile, version };
}

interface VoterCounts {
  readonly file: string;
  readonly voterCount: number;
  readonly serverCount: number;
  readonly standaloneEnabled: boolean;
}

function checkVoters({ file, voterCount, serverCount, standaloneEnabled }: VoterCounts): void {
  if (voterCount === 0 && !standaloneEnabled) {
    const expected = "at least one participant, as standaloneEnabled is false";
    throw new ConfigError({ file, key: "server.N", expected });
  }
  const observerCount = serverCount - voterCount;
  if (voterCount <= 1 && observerCount > 0 && standaloneEnabled) {
    const expected = "at least two participants beside observers, or standaloneEnabled=false";
    throw new ConfigError({ file, key: "server.N", expected });
  }
}

function readMyId(
  settings: MembershipSettings,
  replicated: boolean,
  servers: ReadonlyMap<bigint, ServerSpec>,
): bigint | null {
  const { file, values, dataDir, readFile } = settings;
  const myIdFile = `${dataDir.replace(/\/+$/u, "")}/myid`;
  const text = readFile(myIdFile);
  if (text === null) {
    if (!replicated) return null;
    throw new ConfigError({ file: myIdFile, expected: "a file with this server's id" });
  }
  const firstLine = (text.split(/\r?\n/u)[0] ?? "").trim();
  if (!/^[0-9]{1,18}$/u.test(firstLine)) {
    const expected = "this server's id, a whole number";
    throw new ConfigError({ file: myIdFile, line: 1, expected, found: firstLine });
  }
  const myId = BigInt(firstLine);
  if (replicated && !servers.has(myId)) {
    const known = [...servers.keys()].join(", ");
    const expected = `the id of a server in ${file} (${known})`;
    throw new ConfigError({ file: myIdFile, line: 1, expected, found: firstLine });
  }
  if (myId > 254n && values.boolean("extendedTypesEnabled")) {
    const expected = "an id below 255, as extendedTypesEnabled is true";
    throw new ConfigError({ file: myIdFile, line: 1, expected, found: firstLine });
  }
  return myId;
}

/** The server line alone decides about the role; `peerType` may only say the same. */
function checkRole(settings: MembershipSettings, own: ServerSpec | undefined): void {
  const { file, values, warnings } = settings;
  const text = values.text("peerType");
  if (text === null) return;
  let stated: ServerRole;
  try {
    stated = parseRole(text);
  } catch (error) {
    if (error instanceof QuorumConfigError) throw values.error("peerType", error.message);
    throw error;
  }
  if (own === undefined || own.role === stated) return;
  warnings.push(`${file}: peerType: is ${stated}, but the server line says ${own.role} and counts`);
}

/** They stand for every address of a server, of both families. */
export const WILDCARD_HOSTS: readonly string[] = ["0.0.0.0", "::"];

function readClientAddress(
  values: ConfigValues,
  own: ClientAddress | undefined,
): Pick<ServerConfig, "clientPort" | "clientPortAddress"> {
  const port = values.integerOrNull("clientPort");
  const host = values.text("clientPortAddress");
  if (port === null && host !== null) {
    throw values.error("clientPortAddress", "clientPort to be set as well");
  }
  if (own === undefined) return { clientPort: port, clientPortAddress: host };
  const stated = `${own.host}:${String(own.port)}`;
  if (port !== null && port !== own.port) {
    throw values.error("clientPort", `the port of this server's line (${stated})`);
  }
  if (host !== null && !WILDCARD_HOSTS.includes(host) && host !== own.host) {
    throw values.error("clientPortAddress", `the address of this server's line (${stated})`);
  }
  const isAnyHost = WILDCARD_HOSTS.includes(own.host);
  return { clientPort: own.port, clientPortAddress: isAnyHost ? null : own.host };
}

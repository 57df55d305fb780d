/**
 * Lays out the folders and `zoo.cfg` files of a standalone server or of an ensemble on loopback:
 * one folder per server with `zoo.cfg`, `data/` and `data/myid`. Ours and Apache's servers start
 * from the same files, which is what makes them comparable.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { findFreePorts } from "./ports.ts";

/** Keys and values of a `zoo.cfg`, in the order in which they are written. */
export type ZooCfg = Readonly<Record<string, string | number | boolean>>;

/** Where one server listens. */
export interface MemberPorts {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

/** One server's folder and files. */
export interface MemberLayout {
  /** Server id, from 1. */
  readonly id: number;
  readonly folder: string;
  readonly zooCfgPath: string;
  readonly dataFolder: string;
  readonly ports: MemberPorts;
}

/** How to lay out an ensemble. */
export interface LayoutOptions {
  /** Each server gets `<baseFolder>/server-<id>`. */
  readonly baseFolder: string;
  /** One entry per server. @default free ports */
  readonly ports?: readonly MemberPorts[];
  /** Further keys for every server's zoo.cfg; they win over the defaults. */
  readonly config?: ZooCfg;
  /** Ids of those that do not vote. @default none */
  readonly observers?: readonly number[];
  /** Whether server N listens for others at 127.0.0.N, with ports that all have alike. */
  readonly hasOwnAddresses?: boolean;
}

/** The text of a `zoo.cfg` with these keys. */
export function formatZooCfg(config: ZooCfg): string {
  return Object.entries(config)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}

/** Writes the folders of `count` servers; one server alone is standalone (no `server.N` line). */
export async function layOutEnsemble(
  count: number,
  options: LayoutOptions,
): Promise<MemberLayout[]> {
  const ports = options.ports ?? (await findMemberPorts(count));
  if (ports.length !== count) {
    throw new RangeError(`Cannot lay out ${count} servers: ports are given for ${ports.length}`);
  }
  const members = ports.map((memberPorts, index): MemberLayout => {
    const folder = path.join(path.resolve(options.baseFolder), `server-${index + 1}`);
    return {
      id: index + 1,
      folder,
      zooCfgPath: path.join(folder, "zoo.cfg"),
      dataFolder: path.join(folder, "data"),
      ports: memberPorts,
    };
  });
  for (const member of members) {
    await mkdir(member.dataFolder, { recursive: true });
    await writeFile(path.join(member.dataFolder, "myid"), `${member.id}\n`);
    const config = { ...memberConfig(member, members, options), ...options.config };
    await writeFile(member.zooCfgPath, formatZooCfg(config));
  }
  return members;
}

/** The connection string of these servers. */
export function connectStringOf(members: readonly { ports: MemberPorts }[]): string {
  return members.map((member) => `127.0.0.1:${member.ports.client}`).join(",");
}

/** Returns the `clientPort` of a zoo.cfg. @throws Error when the file has none. */
export async function readClientPort(zooCfgPath: string): Promise<number> {
  const text = await readFile(zooCfgPath, "utf8");
  const port = /^\s*clientPort\s*=\s*(\d+)\s*$/m.exec(text)?.[1];
  if (port === undefined) {
    throw new Error(`Cannot tell where a server would serve: no clientPort in ${zooCfgPath}`);
  }
  return Number(port);
}

async function findMemberPorts(count: number): Promise<MemberPorts[]> {
  const free = await findFreePorts(count * 3);
  return Array.from({ length: count }, (_, index) => {
    const [client, quorum, election] = free.slice(index * 3, index * 3 + 3) as [
      number,
      number,
      number,
    ];
    return { client, quorum, election };
  });
}

function memberConfig(
  member: MemberLayout,
  members: readonly MemberLayout[],
  { observers = [], hasOwnAddresses = false }: Pick<LayoutOptions, "observers" | "hasOwnAddresses">,
): ZooCfg {
  const base = {
    tickTime: 2000,
    initLimit: 10,
    syncLimit: 5,
    dataDir: member.dataFolder,
    clientPort: member.ports.client,
    clientPortAddress: "127.0.0.1",
    // All would want the same port; tests of it give each server its own.
    "admin.enableServer": false,
  };
  if (members.length === 1) {
    return base;
  }
  const lines = members.map(({ id, ports }): [string, string] => {
    const role = observers.includes(id) ? ":observer" : "";
    const host = hasOwnAddresses ? `127.0.0.${id}` : "127.0.0.1";
    return [`server.${id}`, `${host}:${ports.quorum}:${ports.election}${role}`];
  });
  const peerType = observers.includes(member.id) ? { peerType: "observer" } : {};
  return { ...base, ...peerType, ...Object.fromEntries(lines) };
}

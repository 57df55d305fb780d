/**
 * The files of one local member, as text: which folder holds what, and the `zoo.cfg` that is
 * rendered from the specification. Nothing is written here.
 *
 *     <ensemble folder>/ensemble.json       what the ensemble was made with (ensemble-state.ts)
 *     <ensemble folder>/lock                who manages the folder (folder-lock.ts)
 *     <ensemble folder>/member-N/zoo.cfg    rendered; overwritten at each start
 *     <ensemble folder>/member-N/data/      the server's dataDir, with myid
 *     <ensemble folder>/member-N/server.log its log, as JSON lines
 *     <ensemble folder>/member-N/console.log what else it printed since its last start
 */
import { join } from "node:path";
import { mergeSettings, renderSettings } from "../member-settings.ts";
import type { MemberPorts } from "./ports.ts";

/** All local servers listen on loopback only. */
export const LOCAL_HOST = "127.0.0.1";

/** Where a member's files are. */
export interface MemberPaths {
  readonly id: number;
  readonly folder: string;
  readonly configFile: string;
  readonly dataFolder: string;
  readonly myIdFile: string;
  /** Its presence lets a server without data vote, once: the server removes it. */
  readonly initializeFile: string;
  readonly logFile: string;
  readonly consoleFile: string;
}

/** The paths of member `id` below the ensemble's folder. */
export function memberPaths(ensembleFolder: string, id: number): MemberPaths {
  const folder = join(ensembleFolder, `member-${String(id)}`);
  const dataFolder = join(folder, "data");
  return {
    id,
    folder,
    configFile: join(folder, "zoo.cfg"),
    dataFolder,
    myIdFile: join(dataFolder, "myid"),
    initializeFile: join(dataFolder, "initialize"),
    logFile: join(folder, "server.log"),
    consoleFile: join(folder, "console.log"),
  };
}

/** What the members of an ensemble have in common. */
export interface MemberEnsemble {
  /** The ports of all members. */
  readonly ports: readonly MemberPorts[];
  /** The identity that their disks have to have. */
  readonly ensembleId: string;
}

/**
 * Renders the `zoo.cfg` of a member. Every member's lists all of them; a quorum of one is a quorum
 * too (`standaloneEnabled=false`), so that it can grow; and a member without data must not vote
 * (`ensemble.bootstrap=explicit`) unless the ensemble is being made.
 *
 * @param paths - the member's own files.
 * @param config - the specification's settings, by key.
 * @param ensemble - what all members have in common.
 */
export function renderMemberConfig(
  paths: MemberPaths,
  config: Readonly<Record<string, string>>,
  { ports, ensembleId }: MemberEnsemble,
): string {
  // Each member has a port of its own for this.
  const adminPort = ports.find(({ id }) => id === paths.id)?.adminPort ?? 0;
  const settings = mergeSettings(config, {
    "admin.serverPort": String(adminPort),
    dataDir: paths.dataFolder,
    "ensemble.bootstrap": "explicit",
    "ensemble.id": ensembleId,
    standaloneEnabled: "false",
  });
  const whitelist = settings["4lw.commands.whitelist"] ?? "";
  if (!/(^|,)\s*(srvr|\*)\s*(,|$)/u.test(whitelist)) {
    // The supervisor asks members for their role with this word.
    settings["4lw.commands.whitelist"] = whitelist === "" ? "srvr" : `${whitelist}, srvr`;
  }
  const lines = renderSettings(settings);
  for (const { id, quorumPort, electionPort, clientPort } of ports) {
    const peerPart = `${LOCAL_HOST}:${String(quorumPort)}:${String(electionPort)}:participant`;
    lines.push(`server.${String(id)}=${peerPart};${LOCAL_HOST}:${String(clientPort)}`);
  }
  return ["# Written by 'ensemble up' at each start: changes here are lost.", ...lines, ""].join(
    "\n",
  );
}

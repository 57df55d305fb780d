/**
 * The files of one local member, as text: which folder holds what, and what `ensemble member`
 * makes its server's configuration from, as pods have it mounted. Nothing is written here.
 *
 *     <ensemble folder>/ensemble.json       what is written down (ensemble-state.ts)
 *     <ensemble folder>/lock                who manages the folder (folder-lock.ts)
 *     <ensemble folder>/member-N/zoo.cfg    the settings, from the specification
 *     <ensemble folder>/member-N/members    the lines of all members
 *     <ensemble folder>/member-N/founders   who may form the ensemble, only while it forms
 *     <ensemble folder>/member-N/data/      the server's dataDir
 *     <ensemble folder>/member-N/server.log its log, as JSON lines
 *     <ensemble folder>/member-N/console.log what else it printed since its last start
 */
import { join } from "node:path";
import type { MemberRole } from "../desired/member-names.ts";
import { mergeSettings, renderSettings } from "../member-settings.ts";
import type { MemberPorts } from "./ports.ts";

/** All local servers listen on loopback only. */
export const LOCAL_HOST = "127.0.0.1";

/** Where a member's files are. */
export interface MemberPaths {
  readonly id: number;
  readonly folder: string;
  readonly settingsFile: string;
  readonly membersFile: string;
  readonly foundersFile: string;
  readonly dataFolder: string;
  /** Lets a server without data form the ensemble, once: the server removes it. */
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
    settingsFile: join(folder, "zoo.cfg"),
    membersFile: join(folder, "members"),
    foundersFile: join(folder, "founders"),
    dataFolder,
    initializeFile: join(dataFolder, "initialize"),
    logFile: join(folder, "server.log"),
    consoleFile: join(folder, "console.log"),
  };
}

/** What a member is told besides the specification's settings. */
export interface MemberIdentity {
  readonly adminPort: number;
  /** The identity that its disk has to have. */
  readonly ensembleUid: string;
  /** Proves the operator to it. */
  readonly operatorDigest: string;
}

/**
 * The `zoo.cfg` of a member, without a list of members. A quorum of one is a quorum too, so that
 * it can grow; and a member without data must not vote unless the ensemble is being made.
 *
 * @param paths - the member's own files.
 * @param config - the specification's settings, by key.
 */
export function renderLocalSettings(
  paths: MemberPaths,
  config: Readonly<Record<string, string>>,
  { adminPort, ensembleUid, operatorDigest }: MemberIdentity,
): string {
  const settings = mergeSettings(config, {
    "admin.enableServer": "true",
    "admin.serverAddress": LOCAL_HOST,
    // Each member has a port of its own for this.
    "admin.serverPort": String(adminPort),
    dataDir: paths.dataFolder,
    "ensemble.bootstrap": "explicit",
    "ensemble.id": ensembleUid,
    "ensemble.operatorDigest": operatorDigest,
    reconfigEnabled: "true",
    standaloneEnabled: "false",
  });
  const lines = renderSettings(settings).sort();
  return ["# Written by 'ensemble up': changes here are lost.", ...lines, ""].join("\n");
}

/** A member's line, as configurations of servers and reconfigurations have it. */
export function localServerLine(ports: MemberPorts, role: MemberRole): string {
  const { id, quorumPort, electionPort, clientPort } = ports;
  const address = `${LOCAL_HOST}:${String(quorumPort)}:${String(electionPort)}`;
  return `server.${String(id)}=${address}:${role};${LOCAL_HOST}:${String(clientPort)}`;
}

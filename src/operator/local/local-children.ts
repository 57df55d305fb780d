/**
 * What members are started from, in the place of a ConfigMap: the settings and the lines of all
 * members, a copy for each, as ports and folders differ; and, while it forms, who may form the
 * ensemble.
 */
import { existsSync, rmSync } from "node:fs";
import type { MemberRole } from "../desired/member-names.ts";
import type { Membership, Sizes } from "../plan/ensemble-observed.ts";
import { componentOf, sidsOf } from "../plan/ensemble-view.ts";
import { createFolder, readTextIfExists, writeTextAtomically } from "./files.ts";
import type { LocalFolder } from "./local-folder.ts";
import { localServerLine, renderLocalSettings } from "./member-files.ts";

/** What the files follow from, besides what is written down. */
export interface ChildDecisions {
  /** The specification's settings. */
  readonly config: Readonly<Record<string, string>>;
  readonly operatorDigest: string;
  /** Null when no quorum answers: what was last known of it holds then. */
  readonly committed: Membership | null;
}

/** Whether the files of all members that there are to be are as they should be. */
export function areChildrenCurrent(folder: LocalFolder, decisions: ChildDecisions): boolean {
  const lines = renderLines(folder, decisions.committed);
  return sidsOf(folder.state.sizes).every((sid) => {
    const { settingsFile, membersFile } = folder.pathsOf(sid);
    return (
      readTextIfExists(settingsFile) === renderSettingsOf(folder, sid, decisions) &&
      readTextIfExists(membersFile) === lines
    );
  });
}

/** Whether a member may form the ensemble from an empty disk. */
export function isFounding(folder: LocalFolder): boolean {
  return sidsOf(folder.state.sizes).some((sid) => existsSync(folder.pathsOf(sid).foundersFile));
}

/** Writes the files of all members that there are to be. @throws OperatorError FILE_ACCESS */
export function writeChildren(
  folder: LocalFolder,
  decisions: ChildDecisions,
  mayFound: boolean,
): void {
  const { committed } = decisions;
  const { sizes, founders } = folder.state;
  folder.record(committed === null ? {} : { membership: withoutVersion(committed) });
  const lines = renderLines(folder, committed);
  for (const sid of sidsOf(sizes)) {
    const paths = folder.pathsOf(sid);
    const { settingsFile, membersFile, foundersFile } = paths;
    createFolder(paths.folder);
    writeTextAtomically(membersFile, lines);
    writeTextAtomically(settingsFile, renderSettingsOf(folder, sid, decisions));
    if (mayFound) writeTextAtomically(foundersFile, `${founders.join(",")}\n`);
    else rmSync(foundersFile, { force: true });
  }
}

function renderSettingsOf(
  folder: LocalFolder,
  sid: number,
  { config, operatorDigest }: ChildDecisions,
): string {
  const { adminPort } = folder.portsOf(sid);
  const ensembleUid = folder.state.ensembleUid ?? "";
  return renderLocalSettings(folder.pathsOf(sid), config, {
    adminPort,
    ensembleUid,
    operatorDigest,
  });
}

/** The lines of all members, and of those that are on their way in. */
function renderLines(folder: LocalFolder, committed: Membership | null): string {
  const { membership, sizes } = folder.state;
  return [...rolesOf(sizes, committed ?? membership)]
    .filter(([sid]) => folder.hasPorts(sid))
    .sort(([left], [right]) => left - right)
    .map(([sid, role]) => `${localServerLine(folder.portsOf(sid), role)}\n`)
    .join("");
}

/** Before anybody knows the membership, it is that of those who found it. */
function rolesOf(
  sizes: Sizes,
  membership: Omit<Membership, "version"> | null,
): Map<number, MemberRole> {
  const roles = new Map<number, MemberRole>();
  for (const sid of sidsOf(sizes)) {
    const isFounder = membership === null && componentOf(sid) === "members";
    roles.set(sid, isFounder ? "participant" : "observer");
  }
  for (const sid of membership?.observers ?? []) roles.set(sid, "observer");
  for (const sid of membership?.voters ?? []) roles.set(sid, "participant");
  return roles;
}

function withoutVersion({ voters, observers }: Membership): Omit<Membership, "version"> {
  return { voters, observers };
}

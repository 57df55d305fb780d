/**
 * The names of files in a `version-2` folder, as ZooKeeper gives them: `log.<zxid>` is named after
 * its first transaction, `snapshot.<zxid>` after the last one it surely holds, both in hexadecimal
 * without leading zeros. Files under other names are nobody's, or marked as unfinished.
 */

import type { SnapshotCompression } from "./snapshot-compression.ts";

/** The folder inside `dataDir` and `dataLogDir` that holds this format's files. */
export const versionFolder = "version-2";

/** A log file or snapshot by its name. */
export interface NamedFile {
  readonly name: string;
  readonly zxid: bigint;
}

/** A snapshot; `compression` is also the extension of its name. */
export interface SnapshotFile extends NamedFile {
  readonly compression: SnapshotCompression | null;
}

export function logFileName(zxid: bigint): string {
  return `log.${hex(zxid)}`;
}

export function snapshotFileName(zxid: bigint, compression: SnapshotCompression | null): string {
  return compression === null ? `snapshot.${hex(zxid)}` : `snapshot.${hex(zxid)}.${compression}`;
}

/**
 * The name that a snapshot has until it is whole. ZooKeeper's own tools look at names that start
 * with "snapshot." or "log.", so this one does not.
 */
export function unfinishedSnapshotName(zxid: bigint): string {
  return `unfinished-snapshot.${hex(zxid)}`;
}

/**
 * The name of a leader's snapshot that is whole, and is about to take the place of the history that
 * is on the disk: from this name on it counts, and the next start finishes what is left to do.
 */
export function installedSnapshotName(
  zxid: bigint,
  compression: SnapshotCompression | null,
): string {
  return `installed-${snapshotFileName(zxid, compression)}`;
}

/** The name under which a damaged snapshot is kept. */
export function damagedSnapshotName(snapshot: SnapshotFile): string {
  return `damaged-${snapshotFileName(snapshot.zxid, snapshot.compression)}`;
}

/** Whether a file is what an interrupted write left: ours, or ZooKeeper's. */
export function isLeftover(name: string): boolean {
  if (name.startsWith("unfinished-")) return true;
  if (/^(acceptedEpoch|activeConfig|currentEpoch)\.tmp$/.test(name)) return true;
  if (/^(quarantined|volume\.json)\.tmp$/.test(name)) return true;
  return /^snapshot\.[0-9a-f]+(\.gz|\.snappy)?\.tmp$/.test(name);
}

/** Whether a file is a part of the history: the log, snapshots of any state, the current epoch. */
export function isHistoryFile(name: string): boolean {
  return (
    /^(log|((damaged|installed)-)?snapshot)\.[0-9a-f]{1,16}(\.(gz|snappy))?$/i.test(name) ||
    name === "currentEpoch"
  );
}

/** The log files among `names`, oldest first. */
export function parseLogNames(names: readonly string[]): NamedFile[] {
  return parseNames(names, /^log\.([0-9a-f]{1,16})$/i);
}

/** The damaged snapshots among `names`, oldest first. */
export function parseDamagedNames(names: readonly string[]): NamedFile[] {
  return parseNames(names, /^damaged-snapshot\.([0-9a-f]{1,16})(?:\.(?:gz|snappy))?$/i);
}

/** The snapshots among `names`, oldest first. */
export function parseSnapshotNames(names: readonly string[]): SnapshotFile[] {
  return parseSnapshots(names, /^snapshot\.([0-9a-f]{1,16})(?:\.(gz|snappy))?$/i);
}

/** The snapshots among `names` that are about to replace a history; seldom more than one. */
export function parseInstalledNames(names: readonly string[]): SnapshotFile[] {
  return parseSnapshots(names, /^installed-snapshot\.([0-9a-f]{1,16})(?:\.(gz|snappy))?$/i);
}

function parseSnapshots(names: readonly string[], pattern: RegExp): SnapshotFile[] {
  const files: SnapshotFile[] = [];
  for (const name of names) {
    const match = pattern.exec(name);
    if (match === null) continue;
    files.push({ name, zxid: BigInt(`0x${match[1]}`), compression: compressionOf(name) });
  }
  return files.sort(byZxid);
}

/** How the snapshot of this name is compressed. */
export function compressionOf(name: string): SnapshotCompression | null {
  if (/\.gz$/i.test(name)) return "gz";
  return /\.snappy$/i.test(name) ? "snappy" : null;
}

function parseNames(names: readonly string[], pattern: RegExp): NamedFile[] {
  const files: NamedFile[] = [];
  for (const name of names) {
    const digits = pattern.exec(name)?.[1];
    if (digits !== undefined) files.push({ name, zxid: BigInt(`0x${digits}`) });
  }
  return files.sort(byZxid);
}

function byZxid(left: NamedFile, right: NamedFile): number {
  if (left.zxid !== right.zxid) return left.zxid < right.zxid ? -1 : 1;
  return left.name < right.name ? -1 : 1;
}

function hex(zxid: bigint): string {
  return BigInt.asUintN(64, zxid).toString(16);
}

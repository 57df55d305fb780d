/**
 * The names of files in a `version-2` folder, as ZooKeeper gives them: `log.<zxid>` is named after
 * its first transaction, `snapshot.<zxid>` after the last one it surely holds, both in hexadecimal
 * without leading zeros. Files under other names are nobody's, or marked as unfinished.
 */

/** The folder inside `dataDir` and `dataLogDir` that holds this format's files. */
export const versionFolder = "version-2";

/** A log file or snapshot by its name. */
export interface NamedFile {
  readonly name: string;
  readonly zxid: bigint;
}

/** A snapshot; `compression` is the extension of a compressed one, without the dot. */
export interface SnapshotFile extends NamedFile {
  readonly compression: "gz" | "snappy" | null;
}

export function logFileName(zxid: bigint): string {
  return `log.${hex(zxid)}`;
}

export function snapshotFileName(zxid: bigint): string {
  return `snapshot.${hex(zxid)}`;
}

/**
 * The name that a snapshot has until it is whole. ZooKeeper's own tools look at names that start
 * with "snapshot." or "log.", so this one does not.
 */
export function unfinishedSnapshotName(zxid: bigint): string {
  return `unfinished-snapshot.${hex(zxid)}`;
}

/** The name under which a damaged snapshot is kept. */
export function damagedSnapshotName(zxid: bigint): string {
  return `damaged-snapshot.${hex(zxid)}`;
}

/** Whether a file is what an interrupted write left: ours, or ZooKeeper's. */
export function isLeftover(name: string): boolean {
  return /^unfinished-|^snapshot\.[0-9a-f]+\.tmp$|^(accepted|current)Epoch\.tmp$/.test(name);
}

/** The log files among `names`, oldest first. */
export function parseLogNames(names: readonly string[]): NamedFile[] {
  return parseNames(names, /^log\.([0-9a-f]{1,16})$/i);
}

/** The damaged snapshots among `names`, oldest first. */
export function parseDamagedNames(names: readonly string[]): NamedFile[] {
  return parseNames(names, /^damaged-snapshot\.([0-9a-f]{1,16})$/i);
}

/** The snapshots among `names`, oldest first. */
export function parseSnapshotNames(names: readonly string[]): SnapshotFile[] {
  const files: SnapshotFile[] = [];
  for (const name of names) {
    const match = /^snapshot\.([0-9a-f]{1,16})(?:\.(gz|snappy))?$/i.exec(name);
    if (match === null) continue;
    const compression = match[2] === undefined ? null : match[2] === "gz" ? "gz" : "snappy";
    files.push({ name, zxid: BigInt(`0x${match[1]}`), compression });
  }
  return files.sort(byZxid);
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

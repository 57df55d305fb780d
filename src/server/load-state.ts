/**
 * Builds the tree that a server's disk holds: the newest good snapshot, then every logged
 * transaction behind it. Used at the start, and again after the log was cut.
 */
import type { Logger } from "../observe/index.ts";
import { StorageError, isDamage } from "../storage/index.ts";
import type { RecoveredState, Storage } from "../storage/index.ts";
import { configPath } from "../tree/index.ts";
import type { DataTree } from "../tree/index.ts";
import { encodeSnapshotBody, formatHex, formatQuorumConfig } from "../wire/index.ts";
import type { QuorumConfig } from "../wire/index.ts";
import { findLastSeen } from "./reconfig/index.ts";
import { treeDigestRecord } from "./snapshot-writer.ts";
import { TreeRecovery } from "./tree-recovery.ts";

export interface LoadOptions {
  /** How many of the newest transactions to keep at hand for learners. */
  readonly recentCount: number;
  /** What is to be seen at `/zookeeper/config` of what is in force; null without a quorum. */
  readonly activeConfig: () => QuorumConfig | null;
  /** Whether an empty disk may be taken for an empty ensemble. */
  readonly mayBeginEmpty: boolean;
  readonly logger: Logger;
}

/** What the disk holds. */
export interface LoadedState {
  readonly tree: DataTree;
  readonly recovered: RecoveredState;
  /** Transactions replayed from the log. */
  readonly replayedCount: number;
  /** Whether the tree has parts of later transactions, all decided, and so no right digest. */
  readonly isSettling: boolean;
  /** The text at `/zookeeper/config` that snapshot and log have led to. */
  readonly configText: string;
  /** Whether there was neither a snapshot nor a transaction. */
  readonly isEmpty: boolean;
}

/**
 * As `loadState`, at the start. A history that is damaged is moved aside where others have it, and
 * the server begins without one: it has no vote until a leader has given it all.
 * @throws StorageError with what to do, where nobody else has the data.
 */
export async function loadStateOrQuarantine(
  storage: Storage,
  options: LoadOptions & { readonly othersHaveIt: boolean },
): Promise<LoadedState> {
  try {
    const loaded = await loadState(storage, options);
    if (options.othersHaveIt || !storage.isQuarantined) return loaded;
    throw new StorageError(
      "corrupt-log",
      "The history was damaged and is in a folder 'quarantine-<n>', and there is no other server " +
        "to have it from: put it right there, move it back, and remove the file 'quarantined'",
    );
  } catch (error) {
    if (!isDamage(error)) throw error;
    if (!options.othersHaveIt) throw storage.isQuarantined ? error : withInstructions(error);
    await storage.quarantine(error);
    return loadState(storage, options);
  }
}

function withInstructions(error: StorageError): StorageError {
  const { code, file = "", offset, message } = error;
  const lines = [
    message,
    "No other server has this data, so nothing is repaired without you:",
    "1. Copy the data folders, and work on the copy.",
    "2. 'ensemble inspect verify <dataDir> [<dataLogDir>]' says what can be read.",
  ];
  if (code === "corrupt-log") {
    lines.push(
      `3. 'ensemble inspect log --recover ${file}' shows which transactions a repair would keep;`,
      `   with --yes it writes them to '${file}.repaired', to take the log's place.`,
    );
  } else {
    lines.push(
      "3. Put a backup of the folder in place, or remove the file if you can do without it.",
    );
  }
  return new StorageError(code, lines.join("\n"), {
    file,
    ...(offset === undefined ? {} : { offset }),
    cause: error,
  });
}

/** @throws StorageError when the disk does not hold a whole history. */
export async function loadState(storage: Storage, options: LoadOptions): Promise<LoadedState> {
  const target = new TreeRecovery();
  const recovered = await storage.recover(target, options.recentCount);
  const { tree, mismatchCount, replayedCount, isSettling } = target;
  if (mismatchCount > 0) {
    options.logger.error("The recovered tree's digest is not the logged one", {
      zxid: formatHex(recovered.lastZxid),
      transactions: mismatchCount,
    });
  }
  const configText = showConfig(tree, options.activeConfig());
  const isEmpty = recovered.snapshotZxid < 0n && recovered.lastZxid === 0n;
  if (isEmpty && (!options.mayBeginEmpty || storage.isQuarantined)) {
    const uninitialised = { ...recovered, lastZxid: uninitialisedZxid };
    return { tree, recovered: uninitialised, replayedCount, isSettling, isEmpty, configText };
  }
  if (recovered.snapshotZxid < 0n) await writeFirstSnapshot(storage, tree);
  return { tree, recovered, replayedCount, isSettling, isEmpty, configText };
}

/**
 * Where the history of a server ends that may not take its empty disk for an empty ensemble: it
 * gets all from a leader.
 */
const uninitialisedZxid = -1n;

/**
 * Writes the configuration in force into `tree`, as each server does for itself where no
 * transaction has: the first one, one of a file, and one that others have told it of. A newer one
 * stays, which a transaction has brought with its time, unless nothing in force ever had a version:
 * then it is of another ensemble, whose backup this is. Returns the text that was there.
 *
 * @param active null without a quorum.
 */
export function showConfig(tree: DataTree, active: QuorumConfig | null): string {
  const before = tree.getNode(configPath)?.data?.toString("utf8") ?? "";
  if (active === null || findLastSeen(active, before) !== undefined) return before;
  const text = formatQuorumConfig(active);
  if (before === text) return before;
  tree.setConfig(Buffer.from(text, "utf8"), { zxid: active.version, timeMs: 0 });
  return before;
}

/** A log is only taken as a whole history when a snapshot says where it begins. */
async function writeFirstSnapshot(storage: Storage, tree: DataTree): Promise<void> {
  await storage.writeSnapshot(encodeSnapshotBody(tree), {
    lastProcessedZxid: tree.lastProcessedZxid,
    digest: () => treeDigestRecord(tree),
  });
}

/**
 * `ensemble inspect verify DATADIR [DATALOGDIR]`: whether a server could start on these
 * folders, and what it would then hold. Nothing is changed: torn tails and damaged snapshots stay
 * as they are.
 */
import { TreeRecovery } from "../../server/index.ts";
import { StorageError, verifyFolders } from "../../storage/index.ts";
import { WireError, formatHex } from "../../wire/index.ts";
import { printingLogger } from "../printing-logger.ts";
import { InspectError } from "./inspect-error.ts";

/** @throws InspectError `damaged` when a server would refuse the folders. */
export async function verify(
  dataDir: string,
  dataLogDir: string,
  print: (line: string) => void,
): Promise<void> {
  const target = new TreeRecovery();
  const logger = printingLogger(print);
  const state = await verifyFolders({ dataDir, dataLogDir, logger }, target).catch(
    (error: unknown) => {
      const isDamage = error instanceof WireError || isCorruption(error);
      throw isDamage ? new InspectError("damaged", error.message) : error;
    },
  );
  const { tree, mismatchCount } = target;
  print(`snapshot: ${state.snapshotZxid < 0n ? "none" : formatHex(state.snapshotZxid)}`);
  print(`lastZxid: ${formatHex(state.lastZxid)}`);
  print(`acceptedEpoch: ${state.acceptedEpoch ?? "none"}`);
  print(`currentEpoch: ${state.currentEpoch ?? "none"}`);
  print(`nodes: ${tree.nodeCount - 1}`);
  print(`sessions: ${tree.globalSessions.size}`);
  print(`digest: ${formatHex(tree.digest)}`);
  if (mismatchCount === 0) return;
  const last = `the last ${mismatchCount} transactions`;
  throw new InspectError("damaged", `The tree's digest is not the one that ${last} carry`);
}

function isCorruption(error: unknown): error is StorageError {
  if (!(error instanceof StorageError)) return false;
  return error.code.startsWith("corrupt-") || error.code === "missing-snapshot";
}

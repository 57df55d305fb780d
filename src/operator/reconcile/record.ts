/** What the operator has written down about an ensemble, read back from its status. */
import type { Ensemble } from "../api/index.ts";
import type { RecoveryStatus } from "../api/ensemble-status.ts";
import type { EnsembleAction } from "../plan/ensemble-action.ts";
import type { Recorded, RecordedRecovery } from "../plan/ensemble-observed.ts";

/** The record; of one that was never written, that nothing was made. */
export function readRecord({ status }: Ensemble): Recorded {
  return {
    phase: status?.phase ?? null,
    founders: status?.founders ?? [],
    ensembleUid: status?.ensembleUid ?? null,
    sizes: {
      members: status?.sizes?.members ?? 0,
      observers: status?.sizes?.observers ?? 0,
    },
    firstSid: status?.firstId ?? 1,
    imported: (status?.importedServers ?? []).map(({ id, ...rest }) => ({ sid: id, ...rest })),
    recovery: readRecovery(status?.recovery),
  };
}

function readRecovery(status: RecoveryStatus | undefined): RecordedRecovery | null {
  if (status === undefined) return null;
  const { survivor, lostEnsembleUid: lostUid, zxid, others = [] } = status;
  return {
    survivor,
    lostUid,
    zxid: BigInt(zxid),
    others: others.map((other) => {
      return { sid: other.id, zxid: other.zxid === undefined ? null : BigInt(other.zxid) };
    }),
  };
}

/** The record after an action: the same, unless the action is to write something down. */
export function recordAfter(
  before: Recorded,
  action: EnsembleAction,
  makeUid: () => string,
): Recorded {
  switch (action.kind) {
    case "recordForming": {
      const { founders, sizes } = action;
      const ensembleUid = before.ensembleUid ?? makeUid();
      return { ...before, phase: "Forming", founders, sizes, ensembleUid };
    }
    case "recordImporting": {
      const { firstSid, servers: imported, sizes } = action;
      const ensembleUid = before.ensembleUid ?? makeUid();
      return { ...before, phase: "Importing", firstSid, imported, sizes, ensembleUid };
    }
    case "recordAdopted": {
      const { ensembleUid, firstSid, sizes } = action;
      return { ...before, phase: "Running", founders: [], sizes, ensembleUid, firstSid };
    }
    case "recordRecovery": {
      const { survivor, lostUid, zxid, others } = action;
      const recovery = { survivor, lostUid, zxid, others };
      return { ...before, phase: "Recovering", ensembleUid: makeUid(), recovery };
    }
    case "recordRunning":
      return { ...before, phase: "Running", founders: [] };
    case "recordSizes":
      return { ...before, sizes: action.sizes };
    default:
      return before;
  }
}

/** ZooKeeper's short names of requests, as the reports on connections show them. */
import { OpCode } from "../../wire/index.ts";

const names = new Map<number, string>([
  [OpCode.ping, "PING"],
  [OpCode.createSession, "SESS"],
  [OpCode.closeSession, "CLOS"],
  [OpCode.multi, "MULT"],
  [OpCode.multiRead, "MLTR"],
  [OpCode.create, "CREA"],
  [OpCode.create2, "CREA"],
  [OpCode.createTTL, "CREA"],
  [OpCode.createContainer, "CREA"],
  [OpCode.delete, "DELE"],
  [OpCode.deleteContainer, "DELE"],
  [OpCode.setData, "SETD"],
  [OpCode.reconfig, "RECO"],
  [OpCode.setACL, "SETA"],
  [OpCode.sync, "SYNC"],
  [OpCode.check, "CHEC"],
  [OpCode.exists, "EXIS"],
  [OpCode.getData, "GETD"],
  [OpCode.setWatches, "SETW"],
  [OpCode.setWatches2, "STW2"],
  [OpCode.addWatch, "ADDW"],
  [OpCode.getACL, "GETA"],
  [OpCode.getChildren, "GETC"],
  [OpCode.getChildren2, "GETC"],
  [OpCode.getAllChildrenNumber, "GETACN"],
  [OpCode.checkWatches, "CHKW"],
  [OpCode.removeWatches, "REMW"],
  [OpCode.whoAmI, "HOMI"],
  [OpCode.getEphemerals, "GETE"],
]);

/** `NA` for no request at all, and for one that has no name. */
export function operationName(type: number | null): string {
  return (type === null ? undefined : names.get(type)) ?? "NA";
}

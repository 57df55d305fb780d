/** How observers hear of a committed transaction: whole, since they were sent no proposal. */
import { PacketType } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";
import type { LinkId, Outbox } from "./ready.ts";

export function informObservers(
  outbox: Outbox,
  links: readonly LinkId[],
  { zxid, payload }: HistoryEntry,
): void {
  outbox.broadcast(links, PacketType.inform, zxid, payload);
}

/** The same of a reconfiguration, in force from now on; `designated` is to lead. */
export function informOfActivation(
  outbox: Outbox,
  links: readonly LinkId[],
  { zxid, payload }: HistoryEntry,
  designated: bigint,
): void {
  const body = Buffer.concat([designatedLeader(designated), payload]);
  outbox.broadcast(links, PacketType.informAndActivate, zxid, body);
}

/** What COMMITANDACTIVATE carries, and INFORMANDACTIVATE before the transaction. */
export function designatedLeader(sid: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigInt64BE(sid, 0);
  return body;
}

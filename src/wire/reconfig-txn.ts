/**
 * How to know a reconfiguration among transactions without taking each apart: the replication
 * core, to which payloads are bytes, has to see these before they are logged. A reconfiguration
 * is a SetDataTxn of `/zookeeper/config` whose header says `reconfig` (ZooKeeper 3.5 and later).
 */
import { JuteReader } from "./jute-reader.ts";
import { OpCode } from "./protocol.ts";
import { WireError } from "./wire-error.ts";

/** Where a transaction's type is: behind clientId, cxid, zxid and time. */
const typeOffset = 28;
const headerBytes = 32;

/**
 * The text of the configuration that a transaction makes; undefined for any other transaction.
 *
 * @throws WireError for a reconfiguration that cannot be read.
 */
export function reconfigText(payload: Buffer): string | undefined {
  if (payload.length < headerBytes || payload.readInt32BE(typeOffset) !== OpCode.reconfig) {
    return undefined;
  }
  const reader = new JuteReader(payload.subarray(headerBytes));
  reader.readRequiredString("transaction path");
  const data = reader.readBuffer();
  if (data === null) throw new WireError("bad-value", "Cannot decode reconfig: it has no text");
  return data.toString("utf8");
}

/**
 * Transaction ids: 64 bits, the leader's epoch in the high half and a counter in the low half. A
 * zxid orders all transactions; -1 stands for "no database" in elections.
 */

/** A transaction id as a signed 64-bit integer. */
export type Zxid = bigint;

export function makeZxid(epoch: number, counter: number): Zxid {
  return (BigInt(epoch) << 32n) | BigInt(counter);
}

export function zxidEpoch(zxid: Zxid): number {
  return Number(zxid >> 32n);
}

export function zxidCounter(zxid: Zxid): number {
  return Number(zxid & 0xffffffffn);
}

/** A 64-bit id as people read it: "0x100000001"; negative ids are shown as unsigned. */
export function formatHex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

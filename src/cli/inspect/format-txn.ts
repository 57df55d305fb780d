/** Transactions for people, one line each, and for programs, one JSON object each. */
import { OpCode, formatHex } from "../../wire/index.ts";
import type { Acl, DecodedTxn, Txn } from "../../wire/index.ts";

const typeNames = new Map<number, string>(
  Object.entries(OpCode).map(([name, type]) => [type, name]),
);

/** A transaction as a plain object; ids in hexadecimal, `data` in base64 if wanted. */
export function describeTxn(
  { header, txn, digest }: DecodedTxn,
  withData: boolean,
): Record<string, unknown> {
  return {
    zxid: formatHex(header.zxid),
    time: timeText(header.timeMs),
    session: formatHex(header.clientId),
    cxid: header.cxid,
    ...describe(txn, withData),
    ...(digest === null ? {} : { digest: formatHex(digest.treeDigest) }),
  };
}

/** The same as a line of text. */
export function formatTxn(decoded: DecodedTxn, withData: boolean): string {
  return Object.entries(describeTxn(decoded, withData))
    .map(([key, value]) => `${key}=${textOf(value)}`)
    .join(" ");
}

/** A time as ISO 8601, or the number itself where it is no date. */
export function timeText(timeMs: number): string {
  return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : String(timeMs);
}

function describe(txn: Txn, withData: boolean): Record<string, unknown> {
  const { type, ...fields } = txn;
  const entries = Object.entries(fields).map(([key, value]): [string, unknown] => {
    if (key === "data") return describeData(value as Buffer | null, withData);
    if (key === "acl") return ["acl", formatAcl(value as readonly Acl[] | null)];
    if (key === "txns") return ["txns", (value as Txn[]).map((part) => describe(part, withData))];
    return [key, value];
  });
  return { type: typeNames.get(type) ?? String(type), ...Object.fromEntries(entries) };
}

function describeData(data: Buffer | null, withData: boolean): [string, unknown] {
  if (!withData) return ["dataBytes", data?.length ?? 0];
  return ["data", data === null ? null : data.toString("base64")];
}

function formatAcl(acl: readonly Acl[] | null): string[] | null {
  return acl?.map(({ perms, id }) => `${id.scheme}:${id.id}:${perms}`) ?? null;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return /[\s"=]/u.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}

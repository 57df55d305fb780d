/**
 * `ensemble inspect log FILE`: the transactions of a log file, each with its checksum verified; and
 * its repair, which writes another file and says first what would be in it. ZooKeeper's
 * counterpart is TxnLogToolkit.
 */
import { inspectLogFile, repairLogFile } from "../../storage/index.ts";
import type { LogInspection } from "../../storage/index.ts";
import { WireError, decodeTxn, formatHex, payloadZxid } from "../../wire/index.ts";
import { describeTxn, formatTxn } from "./format-txn.ts";
import { InspectError } from "./inspect-error.ts";

export interface LogFlags {
  readonly json?: boolean;
  readonly data?: boolean;
  readonly recover?: boolean;
  readonly yes?: boolean;
}

type Print = (line: string) => void;

/** @throws InspectError `damaged` when there is something that is no good record. */
export async function inspectLog(file: string, flags: LogFlags, print: Print): Promise<void> {
  if (flags.recover === true) await recover(file, flags.yes === true, print);
  else await dump(file, flags, print);
}

async function dump(file: string, flags: LogFlags, print: Print): Promise<void> {
  const found = await inspectLogFile(file, ({ payload, offset, isProven }) => {
    const line = formatRecord(payload, flags);
    if (flags.json === true) print(line);
    else print(isProven ? line : `WRONG CHECKSUM at offset ${offset}: ${line}`);
  });
  if (flags.json !== true) print(summaryOf(found));
  if (isDamaged(found)) throw new InspectError("damaged", damageOf(file, found));
}

/** A record whose checksum is wrong, or right by accident, need not be a transaction. */
function formatRecord(payload: Buffer, { json, data }: LogFlags): string {
  try {
    const decoded = decodeTxn(payload);
    if (json !== true) return formatTxn(decoded, data === true);
    return JSON.stringify(describeTxn(decoded, data === true));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const bytes = payload.length;
    if (json === true) return JSON.stringify({ undecodable: error.message, bytes });
    return `undecodable transaction of ${bytes} bytes: ${error.message}`;
  }
}

async function recover(file: string, isConfirmed: boolean, print: Print): Promise<void> {
  const found = await inspectLogFile(file, ({ payload, offset, isProven }) => {
    if (!isProven) print(`WRONG CHECKSUM at offset ${offset}: ${formatRecord(payload, {})}`);
  });
  print(summaryOf(found));
  if (!isDamaged(found)) {
    print("Nothing to repair");
    return;
  }
  const target = `${file}.repaired`;
  if (!isConfirmed) {
    const what = "records with a wrong checksum would be taken as they are, unreadable bytes left";
    throw new InspectError("damaged", `${damageOf(file, found)}; with --yes, ${what} out`);
  }
  let last = 0n;
  await repairLogFile(file, target);
  const repaired = await inspectLogFile(target, ({ payload }) => {
    last = payloadZxid(payload);
  });
  print(`Written: '${target}', ${repaired.recordCount} transactions up to ${formatHex(last)}`);
  print(`'${file}' is as it was`);
}

function isDamaged({ unprovenCount, unreadable }: LogInspection): boolean {
  return unprovenCount > 0 || unreadable !== null;
}

function summaryOf({ recordCount, unprovenCount, endOffset, unreadable }: LogInspection): string {
  const wrong = unprovenCount === 0 ? "" : `, ${unprovenCount} with a wrong checksum`;
  const rest = unreadable === null ? "" : `, then ${unreadable.bytes} unreadable bytes`;
  return `${recordCount} transactions${wrong}, up to offset ${endOffset}${rest}`;
}

function damageOf(file: string, { unprovenCount, endOffset, unreadable }: LogInspection): string {
  const parts = [];
  if (unprovenCount > 0) parts.push(`${unprovenCount} records with a wrong checksum`);
  if (unreadable !== null) {
    parts.push(
      `${unreadable.bytes} unreadable bytes at offset ${endOffset} (${unreadable.reason})`,
    );
  }
  return `'${file}' is damaged: ${parts.join(", ")}`;
}

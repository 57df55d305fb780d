/**
 * Prints a node's Stat as zkCli does: one `name = value` line per field, ids in hexadecimal, times
 * in the manner of Java's `Date`, here always in UTC.
 */
import type { Stat } from "../../client/index.ts";

/** The lines of a Stat. */
export function formatStat(stat: Stat): string[] {
  return [
    `cZxid = ${formatId(stat.czxid)}`,
    `ctime = ${formatTime(stat.ctimeMs)}`,
    `mZxid = ${formatId(stat.mzxid)}`,
    `mtime = ${formatTime(stat.mtimeMs)}`,
    `pZxid = ${formatId(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${formatId(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`,
  ];
}

function formatId(id: bigint): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`;
}

/** "Thu Jan 01 00:00:00 UTC 1970". */
function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return `${timeMs} ms`;
  // toUTCString: "Thu, 01 Jan 1970 00:00:00 GMT"
  const [weekday, day, month, year, time] = date.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

/**
 * A read behind a sync is never stale: it sees all that any client had been told of when the sync
 * was asked for, also at a leader that was deposed and does not know it. At the leader it sees
 * nothing proposed later either, so that it keeps its place among its client's writes.
 */
import { formatHex } from "../../../src/wire/index.ts";
import { contains, labelled } from "../chain.ts";
import type { ChainNode, State } from "../chain.ts";
import { Violation } from "../violation.ts";

/** What a sync has to show. */
export interface AskedSync {
  /** All that was known to be committed when it was asked for. */
  readonly committed: ChainNode;
  /** On a leader, the newest transaction that it had proposed. */
  readonly proposed: bigint | undefined;
}

/** @param where names the server in the message. */
export function checkSyncedRead(state: State, sync: AskedSync, where: string): void {
  const { committed, proposed } = sync;
  if (!contains(labelled(state), committed)) {
    const text = `${where} is at ${formatHex(state.label)}, before ${formatHex(committed.zxid)}`;
    throw new Violation("synced reads are fresh", text);
  }
  if (proposed !== undefined && state.label !== proposed) {
    const text = `${where} is at ${formatHex(state.label)}, not ${formatHex(proposed)}`;
    throw new Violation("sync waits for commits", text);
  }
}

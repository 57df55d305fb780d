/** The leader's choice of how to bring a learner up, as a table (protocol.md §3.3). */
import { expect, test } from "vitest";
import { formatHex } from "../../src/wire/index.ts";
import { History } from "../../src/zab/history.ts";
import { planSync } from "../../src/zab/sync-plan.ts";
import { entryOf, z } from "./scripted-peer.ts";

/** A leader's history: a snapshot and the entries above it. */
interface Has {
  readonly snapshot?: bigint;
  readonly entries: readonly bigint[];
}

const epochOne: Has = { entries: [z(1, 1), z(1, 2), z(1, 3)] };
const twoEpochs: Has = { entries: [z(1, 4), z(1, 5), z(3, 1), z(3, 2)] };
const aboveSnapshot: Has = { snapshot: z(1, 5), entries: [z(3, 1), z(3, 2)] };
const bare: Has = { snapshot: z(2, 7), entries: [] };

function planned(has: Has, learnerZxid: bigint): string {
  const limits = { entriesMax: 100, bytesMax: 1 << 20 };
  const { snapshot, entries } = has;
  let history: History;
  if (snapshot === undefined) {
    history = new History(limits, entries[entries.length - 1] ?? 0n, entries.map(entryOf));
  } else {
    history = new History(limits, snapshot);
    for (const zxid of entries) history.push(entryOf(zxid));
  }
  const { kind, zxid, entries: sent } = planSync(history, learnerZxid);
  return [kind, formatHex(zxid), ...sent.map((entry) => formatHex(entry.zxid))].join(" ");
}

const table: [string, Has, bigint, string][] = [
  ["nothing is missing", epochOne, z(1, 3), "diff 0x100000003"],
  ["the last is missing", epochOne, z(1, 2), "diff 0x100000003 0x100000003"],
  ["some are missing", epochOne, z(1, 1), "diff 0x100000003 0x100000002 0x100000003"],
  ["an empty learner, and the log's beginning is unknown", epochOne, 0n, "snap 0x100000003"],
  ["an empty learner, and all is at hand", { snapshot: 0n, entries: [z(1, 1)] }, 0n, diffOfOne()],
  ["an epoch is missing", twoEpochs, z(1, 5), "diff 0x300000002 0x300000001 0x300000002"],
  ["the learner is behind all that is at hand", twoEpochs, z(1, 3), "snap 0x300000002"],
  ["the learner is ahead", epochOne, z(1, 9), "trunc 0x100000003"],
  ["the learner is an epoch ahead", epochOne, z(2, 4), "trunc 0x100000003"],
  [
    "the learner has a tail that was never committed, in an epoch that both know",
    twoEpochs,
    z(1, 8),
    "trunc 0x100000005 0x300000001 0x300000002",
  ],
  // What it has before its tail cannot be known: an epoch that it alone took part in.
  ["the learner has a tail of an epoch of its own", twoEpochs, z(2, 3), "snap 0x300000002"],
  [
    "the same, cut to the state that the entries follow",
    aboveSnapshot,
    z(1, 8),
    "trunc 0x100000005 0x300000001 0x300000002",
  ],
  ["the learner is at the snapshot", aboveSnapshot, z(1, 5), both()],
  ["only a snapshot is at hand", bare, z(2, 6), "snap 0x200000007"],
  ["only a snapshot is at hand, and the learner is ahead", bare, z(2, 9), "trunc 0x200000007"],
  // Counter 0 names the state at the start of an epoch, not a transaction.
  ["the start of a later epoch cannot be cut", epochOne, z(2, 0), "snap 0x100000003"],
  ["the start of an epoch that went on", aboveSnapshot, z(3, 0), both()],
  // Another server may have begun that epoch with a shorter history than this one has.
  ["the start of an epoch that was skipped", aboveSnapshot, z(2, 0), "snap 0x300000002"],
];

function diffOfOne(): string {
  return "diff 0x100000001 0x100000001";
}

function both(): string {
  return "diff 0x300000002 0x300000001 0x300000002";
}

for (const [what, has, learnerZxid, expected] of table) {
  test(`planSync(): ${what}`, () => {
    expect(planned(has, learnerZxid)).toBe(expected);
  });
}

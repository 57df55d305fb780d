/**
 * The checks of histories notice what they are for, each shown by one thing that went wrong in a
 * history which is otherwise good: what they pass over in silence would make the runs with faults
 * worthless. And they accept what only looks wrong.
 */
import { describe, expect, test } from "vitest";
import type { FinalNode } from "./creations.ts";
import { checkHistory } from "./check-history.ts";
import type { Asked, Found, History, Operation } from "./operation.ts";

const plain: Asked = {
  kind: "get",
  path: "/r",
  value: "",
  version: -1,
  isSynced: true,
  hasWatch: false,
};

/** Writes histories down: each reply comes one millisecond after its request, if not said so. */
class Story implements History {
  readonly operations: Operation[] = [];
  readonly events: History["events"] = [];
  readonly ends: History["ends"] = [];
  readonly tree = new Map<string, FinalNode>();
  #order = 0;

  /** A request of `session` that was sent at `invokedMs` and answered at zxid `zxid`. */
  add(session: bigint, invokedMs: number, zxid: bigint, parts: Partial<Operation>): Operation {
    this.#order += 1;
    const times = { invokedMs, returnedMs: invokedMs + 1, index: this.#order };
    const told = { outcome: "ok", arrival: this.#order, zxid, error: 0 } as const;
    const operation = { ...plain, session, ...times, ...told, ...parts };
    this.operations.push(operation);
    return operation;
  }

  set(session: bigint, invokedMs: number, zxid: bigint, version: number): Operation {
    const parts = { kind: "set", value: `v${version}`, madeVersion: version } as const;
    const operation = this.add(session, invokedMs, zxid, parts);
    this.#keep("/r", { value: operation.value, version, mzxid: zxid });
    return operation;
  }

  get(session: bigint, invokedMs: number, zxid: bigint, mzxid: bigint): Operation {
    const value = mzxid === 1n ? "" : `v${mzxid - 1n}`;
    return this.add(session, invokedMs, zxid, { found: found(value, mzxid) });
  }

  event(session: bigint): void {
    this.#order += 1;
    this.events.push({ session, path: "/r", arrival: this.#order });
  }

  sequential(invokedMs: number, zxid: bigint, number: number): Operation {
    const made = { value: `s${zxid}`, madePath: `/q/n-000000000${number}` };
    const parts = { kind: "createSequential", path: "/q/n-", ...made } as const;
    this.#keep(made.madePath, { value: made.value, mzxid: zxid });
    return this.add(1n, invokedMs, zxid, parts);
  }

  ephemeral(session: bigint, invokedMs: number, zxid: bigint): void {
    const path = `/e/${session}`;
    const parts = { kind: "createEphemeral", path, madePath: path, value: `e${zxid}` } as const;
    this.add(session, invokedMs, zxid, parts);
    this.#keep(path, { value: parts.value, mzxid: zxid, ephemeralOwner: session });
  }

  close(session: bigint, invokedMs: number, zxid: bigint): void {
    this.add(session, invokedMs, zxid, { kind: "close", path: "" });
    this.ends.push({ session, knownMs: invokedMs + 1 });
    this.tree.delete(`/e/${session}`);
  }

  #keep(path: string, node: Partial<FinalNode>): void {
    this.tree.set(path, { value: "", version: 0, mzxid: 0n, ephemeralOwner: 0n, ...node });
  }
}

/** In the stories a set at zxid z makes version z - 1 of the one register. */
function found(value: string, mzxid: bigint): Found {
  return { value, version: Number(mzxid) - 1, czxid: 1n, mzxid, ephemeralOwner: 0n };
}

/** Two sessions with some of everything, all as it should be. */
function story() {
  const it = new Story();
  const first = it.set(1n, 10, 2n, 1);
  const watched = it.get(2n, 20, 2n, 2n);
  const second = it.set(1n, 30, 3n, 2);
  const read = it.get(1n, 40, 3n, 3n);
  const numbers = [it.sequential(50, 4n, 0), it.sequential(60, 5n, 1), it.sequential(65, 6n, 2)];
  it.ephemeral(2n, 70, 7n);
  it.ephemeral(3n, 72, 8n);
  it.close(3n, 80, 9n);
  const third = it.set(1n, 90, 10n, 3);
  return { it, first, watched, second, read, numbers: numbers, third };
}

describe("checkHistory() accepts", () => {
  function expectGood(it: Story): void {
    expect(checkHistory(it, it.tree)).toEqual([]);
  }

  test("a good history", () => expectGood(story().it));

  test("a history in which nothing happened", () => expectGood(new Story()));

  test("writes at the same time in either order", () => {
    const it = new Story();
    it.set(1n, 10, 3n, 2).returnedMs = 20;
    it.set(2n, 11, 2n, 1).returnedMs = 19;
    it.tree.set("/r", { value: "v2", version: 2, mzxid: 3n, ephemeralOwner: 0n });
    expectGood(it);
  });

  test("a set without an answer that was done, later or never", () => {
    const it = new Story();
    unanswered(it.set(1n, 10, 0n, 9));
    it.set(2n, 20, 2n, 1);
    it.get(2n, 30, 2n, 2n);
    expectGood(it);
    it.set(2n, 40, 4n, 3);
    expectGood(it);
  });

  test("a set without an answer that another session saw", () => {
    const it = new Story();
    unanswered(it.set(1n, 10, 0n, 1));
    it.get(2n, 20, 2n, 2n);
    expectGood(it);
  });

  test("a refusal by version that was right when it was given", () => {
    const it = new Story();
    it.set(1n, 10, 2n, 1);
    it.add(2n, 12, 3n, { kind: "set", value: "x", version: 0, outcome: "refused", error: -103 });
    it.set(1n, 20, 4n, 2);
    expectGood(it);
  });

  test("an old value in a read without a sync", () => {
    const { it } = story();
    change(it.get(4n, 95, 2n, 2n), { isSynced: false });
    expectGood(it);
  });

  test("a watch that tells in time, also one that was asked for again", () => {
    const it = new Story();
    change(it.get(2n, 5, 1n, 1n), { hasWatch: true });
    it.set(1n, 10, 2n, 1);
    it.event(2n);
    change(it.get(2n, 20, 2n, 2n), { hasWatch: true });
    it.set(1n, 30, 3n, 2);
    it.event(2n);
    it.get(2n, 40, 3n, 3n);
    expectGood(it);
  });

  test("many sets at once without an answer", () => {
    const it = new Story();
    for (let n = 0; n < 30; n++) {
      unanswered(it.set(3n, n, 0n, 100 + n));
    }
    for (let n = 1; n < 60; n++) it.set(1n, 40 + n * 2, BigInt(n + 1), n);
    expectGood(it);
  });
});

/** Tells it differently. */
function change(operation: Operation, parts: Partial<Operation>): void {
  Object.assign(operation, parts);
}

function unanswered(operation: Operation): void {
  const nothing = { returnedMs: Infinity, outcome: "unknown", arrival: Infinity } as const;
  change(operation, { ...nothing, zxid: 0n });
  delete operation.madeVersion;
}

type Told = ReturnType<typeof story>;

const wrongs: [what: string, spoil: (told: Told) => void, RegExp][] = [
  [
    "a write that a later write does not know of",
    ({ third }) => (third.madeVersion = 2),
    /Not lin/,
  ],
  ["a lost write, by a synced read", ({ it }) => it.get(4n, 95, 10n, 3n), /^Not lin.*no order/],
  ["a lost write, by its zxid", ({ it }) => it.get(4n, 95, 10n, 3n), /^Lost: set/],
  ["a lost write, in the end", ({ it }) => it.tree.delete("/r"), /^Lost: set/],
  ["a stale synced read", ({ it }) => it.get(4n, 95, 3n, 3n), /^Stale: get/],
  ["a stale synced read, by its value", ({ read }) => (read.found = found("v1", 2n)), /^Not lin/],
  ["a set done twice", ({ it }) => (it.add(4n, 95, 11n, set(5)), undefined), /^Not linearizable/],
  ["a set done twice, by a read", ({ it }) => it.add(4n, 95, 12n, { found: again }), /^Not lin/],
  ["a create done twice", ({ it }) => copyNode(it, "/q/n-0000000003"), /^Done twice/],
  ["a refused set that was done", ({ second }) => refuse(second), /^From nowhere/],
  ["a refusal without a reason", ({ it }) => refuse(it.add(4n, 95, 11n, set(4, 3))), /^Not lin/],
  ["a value that nobody wrote", ({ it }) => it.add(4n, 95, 10n, { found: ghost }), /^From nowhere/],
  [
    "a read of what is written later",
    ({ third }) => change(third, { invokedMs: 200 }),
    /^Before|^Not/,
  ],
  ["another zxid than acknowledged", ({ first }) => (first.zxid = 1n), /^Other zxid/],
  ["two writes at one zxid", ({ numbers }) => (numbers[0]!.zxid = 3n), /^One zxid for two/],
  ["a write before the past", ({ third }) => (third.zxid = 1n), /^Before the past/],
  ["a read from the future", ({ read }) => (read.zxid = 2n), /^From the future/],
  [
    "a session that goes back",
    ({ it }) => change(it.get(1n, 99, 2n, 2n), { isSynced: false }),
    /^Back in/,
  ],
  ["replies out of order", ({ first, second }) => swap(first, second), /^Out of order/],
  ["an own write not seen", ({ read }) => (read.found = found("v1", 2n)), /^Own write not seen/],
  ["a lost watch", (told) => (watch(told), told.it.get(2n, 99, 10n, 10n)), /^Lost watch/],
  ["a late watch", (told) => late(told), /^Late watch/],
  ["a watch that tells twice", (told) => twice(told), /^Event without a watch/],
  ["an event of no watch", ({ it }) => it.event(2n), /^Event without a watch/],
  ["a number given twice", ({ numbers }) => rename(numbers[1]!, 0), /^Number given twice/],
  ["numbers out of order", ({ numbers }) => swapNames(numbers), /^Number given twice or out/],
  ["a number refused", ({ numbers }) => refuse(numbers[1]!), /^Refused without a reason/],
  ["a number left out", ({ it }) => it.tree.delete("/q/n-0000000001"), /^Numbers left out/],
  ["a lost sequential node", ({ it }) => it.tree.delete("/q/n-0000000002"), /^Lost: createSeq/],
  [
    "an ephemeral that comes back",
    ({ it }) => it.add(4n, 95, 10n, zombie),
    /^Outlived its session/,
  ],
  ["an ephemeral left over", ({ it }) => it.tree.set("/e/3", node(3n)), /^Outlived its session/],
  ["an ephemeral that is gone", ({ it }) => it.tree.delete("/e/2"), /^Gone before its session/],
  ["an ephemeral that its owner misses", ({ it }) => it.add(2n, 95, 10n, missed), /^Gone before/],
];

const again = found("v3", 6n);
const ghost = found("boo", 10n);
const zombie = { path: "/e/3", found: { ...found("e8", 8n), ephemeralOwner: 3n } };
const missed = { path: "/e/2", outcome: "refused", error: -101 } as const;

function set(madeVersion: number, version = -1): Partial<Operation> {
  return { kind: "set", value: "w", madeVersion, version };
}

function refuse(operation: Operation): void {
  change(operation, { outcome: "refused", version: 3 });
  delete operation.madeVersion;
}

function copyNode({ tree }: Story, path: string): void {
  tree.set(path, tree.get("/q/n-0000000001")!);
}

function node(ephemeralOwner: bigint): FinalNode {
  return { value: "e8", version: 0, mzxid: 8n, ephemeralOwner };
}

function swap(one: Operation, other: Operation): void {
  [one.arrival, other.arrival] = [other.arrival, one.arrival];
}

function rename(operation: Operation, number: number): void {
  operation.madePath = `/q/n-000000000${number}`;
}

function swapNames(numbers: Operation[]): void {
  rename(numbers[0]!, 1);
  rename(numbers[1]!, 0);
}

function watch({ watched }: Told): void {
  change(watched, { hasWatch: true });
}

function late(told: Told): void {
  watch(told);
  told.it.get(2n, 98, 10n, 10n);
  told.it.event(2n);
}

function twice(told: Told): void {
  watch(told);
  told.it.event(2n);
  told.it.event(2n);
}

test.each(wrongs)("checkHistory() notices %s", (_what, spoil, sentence) => {
  const told = story();
  spoil(told);
  const problems = checkHistory(told.it, told.it.tree);
  expect(problems).toContainEqual(expect.stringMatching(sentence));
});

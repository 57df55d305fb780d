/**
 * Whether the sets and the synced reads of one node could have been done one at a time, each at
 * some moment between its sending and its reply: a search after Wing and Gong ("Testing and
 * Verifying Concurrent Objects"), with Lowe's memory of what was tried ("Testing for
 * Linearizability"). It believes no zxid: only values and versions count, so that it does not
 * depend on what `write-order.ts` checks.
 *
 * The node exists with version 0 and some first value before all of it. A request without an answer
 * may be placed anywhere after its sending, or left out.
 */
import { show } from "./operation.ts";
import type { Operation } from "./operation.ts";

/** Placements that are tried for one node before the search gives up, loudly. */
const stepsMax = 2_000_000;

interface State {
  readonly version: number;
  readonly value: string;
}

/** A moment of the history: a request is sent, or its reply comes. */
interface Moment {
  readonly slot: number;
  readonly operation: Operation;
  readonly isCall: boolean;
  /** The moment of the reply, of the moment of a call that has one. */
  reply?: Moment;
  previous: Moment | undefined;
  next: Moment | undefined;
}

/** One sentence for each node whose operations have no order. */
export function* checkLinearizable(operations: readonly Operation[]): Iterable<string> {
  const counted = operations.filter(
    ({ kind, isSynced, outcome }) =>
      kind === "set" || (kind === "get" && isSynced && outcome !== "unknown"),
  );
  for (const [path, some] of Map.groupBy(counted, (operation) => operation.path)) {
    // A node that nobody sets is not such a node: it may come and go.
    if (!some.some(({ kind }) => kind === "set")) continue;
    const problem = new Search(some).run();
    if (problem !== undefined) yield `Not linearizable: ${path}: ${problem}`;
  }
}

class Search {
  /** Stands before the first moment. */
  readonly #head: Moment;
  readonly #known: KnownVersions;
  readonly #placed: boolean[];
  readonly #tried = new Set<string>();
  /** Requests whose replies must be explained. */
  #openCount: number;
  #deepest: Operation | undefined;
  #deepestCount = Infinity;

  constructor(operations: readonly Operation[]) {
    this.#known = new KnownVersions(operations);
    this.#head = momentsOf(operations);
    this.#placed = operations.map(() => false);
    this.#openCount = operations.filter(({ outcome }) => outcome !== "unknown").length;
  }

  /** What is wrong, or undefined when there is an order. */
  run(): string | undefined {
    if (this.#known.problem !== undefined) return this.#known.problem;
    const trail: { moment: Moment; before: State }[] = [];
    let state: State = { version: 0, value: this.#known.valueOf(0) ?? "" };
    let moment = this.#head.next;
    for (let step = 0; step < stepsMax; step++) {
      if (this.#openCount === 0) return undefined;
      if (moment?.isCall === true) {
        const after = this.#after(state, moment.operation);
        if (after !== undefined && this.#isNew(moment.slot, after)) {
          trail.push({ moment, before: state });
          state = after;
          this.#place(moment);
          moment = this.#head.next;
        } else {
          moment = moment.next;
        }
        continue;
      }
      // A reply comes before its request has a place (or nothing is left): one choice was wrong.
      if (moment !== undefined) this.#noteStuck(moment.operation);
      const last = trail.pop();
      if (last === undefined) return this.#sentence();
      this.#takeBack(last.moment);
      state = last.before;
      moment = last.moment.next;
    }
    return `no answer after ${stepsMax} steps`;
  }

  /** The state after `operation`, or undefined when what it was told cannot come of `state`. */
  #after(state: State, operation: Operation): State | undefined {
    const { kind, version, value, outcome, madeVersion, found } = operation;
    if (kind === "get") {
      const isSame = found?.version === state.version && found.value === state.value;
      return isSame ? state : undefined;
    }
    if (outcome === "refused") return state.version === version ? undefined : state;
    if (version !== -1 && version !== state.version) return undefined;
    const next = state.version + 1;
    if (outcome === "ok" ? madeVersion !== next : !this.#known.mayMake(next, value)) {
      return undefined;
    }
    return { version: next, value };
  }

  #isNew(slot: number, { version, value }: State): boolean {
    this.#placed[slot] = true;
    const key = `${this.#placed.map(Number).join("")} ${version} ${value}`;
    this.#placed[slot] = false;
    if (this.#tried.has(key)) return false;
    this.#tried.add(key);
    return true;
  }

  #place(moment: Moment): void {
    this.#placed[moment.slot] = true;
    if (moment.operation.outcome !== "unknown") this.#openCount -= 1;
    unlink(moment);
    if (moment.reply !== undefined) unlink(moment.reply);
  }

  #takeBack(moment: Moment): void {
    this.#placed[moment.slot] = false;
    if (moment.operation.outcome !== "unknown") this.#openCount += 1;
    if (moment.reply !== undefined) relink(moment.reply);
    relink(moment);
  }

  #noteStuck(operation: Operation): void {
    if (this.#openCount >= this.#deepestCount) return;
    this.#deepestCount = this.#openCount;
    this.#deepest = operation;
  }

  #sentence(): string {
    const where = this.#deepest === undefined ? "" : `, at the latest of ${show(this.#deepest)}`;
    return `no order explains the replies${where}`;
  }
}

/** Which write made a version, as far as replies tell: it spares the search most of its choices. */
class KnownVersions {
  readonly #values = new Map<number, string>();
  problem: string | undefined;

  constructor(operations: readonly Operation[]) {
    for (const { kind, value, madeVersion, found } of operations) {
      if (kind === "set" && madeVersion !== undefined) this.#learn(madeVersion, value);
      if (found !== undefined) this.#learn(found.version, found.value);
    }
  }

  valueOf(version: number): string | undefined {
    return this.#values.get(version);
  }

  mayMake(version: number, value: string): boolean {
    const known = this.#values.get(version);
    return known === undefined || known === value;
  }

  #learn(version: number, value: string): void {
    const known = this.#values.get(version);
    if (known !== undefined && known !== value) {
      this.problem = `version ${version} is both "${known}" and "${value}"`;
    }
    this.#values.set(version, value);
  }
}

/** All moments in the order of their times; of two at once, the call comes first. */
function momentsOf(operations: readonly Operation[]): Moment {
  const moments: { atMs: number; moment: Moment }[] = [];
  const base = { previous: undefined, next: undefined };
  for (const [slot, operation] of operations.entries()) {
    const call: Moment = { ...base, slot, operation, isCall: true };
    moments.push({ atMs: operation.invokedMs, moment: call });
    if (operation.outcome === "unknown") continue;
    call.reply = { ...base, slot, operation, isCall: false };
    moments.push({ atMs: operation.returnedMs, moment: call.reply });
  }
  moments.sort(
    (one, other) =>
      one.atMs - other.atMs || Number(other.moment.isCall) - Number(one.moment.isCall),
  );
  const head: Moment = { ...moments[0]!.moment, ...base };
  let last = head;
  for (const { moment } of moments) {
    moment.previous = last;
    last.next = moment;
    last = moment;
  }
  return head;
}

function unlink(moment: Moment): void {
  if (moment.previous !== undefined) moment.previous.next = moment.next;
  if (moment.next !== undefined) moment.next.previous = moment.previous;
}

/** Undoes `unlink`: the moment has kept its neighbours. */
function relink(moment: Moment): void {
  if (moment.previous !== undefined) moment.previous.next = moment;
  if (moment.next !== undefined) moment.next.previous = moment;
}

/**
 * How long requests took, by operation: one summary for each, in milliseconds from the arrival of
 * the request to its answer. Reads that are answered at once take what answering takes; those that
 * wait behind a write, and all that is replicated, have their waiting in it.
 */
import { Summary } from "../../observe/index.ts";
import { OpCode } from "../../wire/index.ts";

/** Operations that get a line of their own; all others are "other". */
const measured = [
  "create",
  "delete",
  "exists",
  "getData",
  "setData",
  "getACL",
  "setACL",
  "getChildren",
  "sync",
  "ping",
  "getChildren2",
  "multi",
  "create2",
  "reconfig",
  "checkWatches",
  "removeWatches",
  "createContainer",
  "createTTL",
  "multiRead",
  "setWatches",
  "setWatches2",
  "getEphemerals",
  "getAllChildrenNumber",
  "addWatch",
  "whoAmI",
  "closeSession",
] as const;

/** What goes through the log, of the above. */
const updates: ReadonlySet<string> = new Set([
  "create",
  "create2",
  "createContainer",
  "createTTL",
  "delete",
  "setData",
  "setACL",
  "multi",
  "reconfig",
  "closeSession",
]);

/** Operations have numbers from this one on. */
const opMin = OpCode.closeSession;
const opMax = OpCode.whoAmI;

export class RequestTimes {
  readonly #other = new Summary();
  /** By operation, in the order above, "other" behind them. */
  readonly #byName = new Map<string, Summary>();
  /** By the operation's number less `opMin`. */
  readonly #byOp: Summary[];

  constructor() {
    this.#byOp = Array.from({ length: opMax - opMin + 1 }, () => this.#other);
    for (const name of measured) {
      const summary = new Summary();
      this.#byName.set(name, summary);
      this.#byOp[OpCode[name] - opMin] = summary;
    }
    this.#byName.set("other", this.#other);
  }

  /** A request with operation number `op`, whatever the client made it, was answered. */
  add(op: number, durationMs: number): void {
    (this.#byOp[op - opMin] ?? this.#other).add(durationMs);
  }

  /** All of them by name, used or not. */
  get byName(): ReadonlyMap<string, Summary> {
    return this.#byName;
  }

  /** What changes the state, taken together. */
  updates(): Summary {
    return Summary.merged(this.#filter((name) => updates.has(name)));
  }

  /** Everything else. */
  reads(): Summary {
    return Summary.merged(this.#filter((name) => !updates.has(name)));
  }

  *#filter(isWanted: (name: string) => boolean): IterableIterator<Summary> {
    for (const [name, summary] of this.#byName) if (isWanted(name)) yield summary;
  }
}

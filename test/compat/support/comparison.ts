/**
 * Two servers that are asked the same. Each run has its own sessions and its own node, so that the
 * runs before leave nothing behind that it could notice, and runs can be repeated with less and
 * less in them until nothing more can be left out (delta debugging).
 */
import { textOf } from "./random-operations.ts";
import type { Operation } from "./random-operations.ts";

/** What can be compared: it does operations, and tells what clients saw. */
export interface Performer {
  begin(root: string): Promise<void>;
  perform(operation: Operation): Promise<string[]>;
  end(): Promise<void>;
}

/** Where servers differ. */
export interface Difference {
  /** The operations up to the one that they answer differently. */
  readonly operations: readonly Operation[];
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

export class Comparison {
  readonly #reference: Performer;
  readonly #subject: Performer;
  #runs = 0;

  constructor(reference: Performer, subject: Performer) {
    this.#reference = reference;
    this.#subject = subject;
  }

  /** Does `operations` on both servers; the first difference, if any. */
  async run(operations: readonly Operation[]): Promise<Difference | undefined> {
    this.#runs += 1;
    const root = `/run-${String(this.#runs).padStart(6, "0")}`;
    const servers = [this.#reference, this.#subject];
    await Promise.all(servers.map((server) => server.begin(root)));
    let difference: Difference | undefined;
    for (const [index, operation] of operations.entries()) {
      const [expected = [], actual = []] = await Promise.all(
        servers.map((server) => server.perform(operation)),
      );
      if (expected.join("\n") !== actual.join("\n")) {
        difference = { operations: operations.slice(0, index + 1), expected, actual };
        break;
      }
    }
    await Promise.all(servers.map((server) => server.end()));
    return difference;
  }

  /**
   * Leaves out of `found` what the difference at its end does not need, a half, a quarter, an
   * eighth at a time, for as long as `limitMs` allows.
   */
  async shorten(found: Difference, limitMs: number): Promise<Difference> {
    const deadlineMs = performance.now() + limitMs;
    const last = found.operations.at(-1);
    let shortest = found;
    for (let size = found.operations.length >> 1; size >= 1;) {
      let isShorter = false;
      // From the end: what went before matters less the longer ago it was.
      for (let from = shortest.operations.length - 1 - size; from > -size; from -= size) {
        if (performance.now() > deadlineMs) return shortest;
        const { operations } = shortest;
        const rest = [...operations.slice(0, Math.max(0, from)), ...operations.slice(from + size)];
        const again = await this.run(rest);
        // Another difference is another matter.
        if (again?.operations.at(-1) !== last || again === undefined) continue;
        isShorter = true;
        shortest = again;
      }
      if (!isShorter || size > 1) size >>= 1;
    }
    return shortest;
  }
}

/** For people: what to do, and what each server says to the last of it. */
export function describeDifference({ operations, expected, actual }: Difference): string {
  const lines = operations.map((operation, index) => `${index + 1}. ${textOf(operation)}`);
  return [
    `The servers differ in the last of ${operations.length} operations:`,
    ...lines,
    "the reference:",
    ...expected.map((line) => `  ${line}`),
    "the subject:",
    ...actual.map((line) => `  ${line}`),
  ].join("\n");
}

/**
 * An ensemble with clients at work on it, while things are done to it: how long each took, what
 * writes felt of it, and in the end whether anything that was acknowledged is lost.
 */
import { dumpTree } from "../../integration/support/tree-dump.ts";
import { Workload } from "../../integration/support/workload.ts";
import { findViolations } from "../../integration/support/write-history.ts";
import { clusterTransport } from "./cluster-transport.ts";
import { Pulse } from "./pulse.ts";
import type { Gaps } from "./pulse.ts";

/** One thing that was done. */
export interface EventRow extends Gaps {
  readonly event: string;
  readonly tookMs: number;
}

/** Writes that each writer must get through after an event: what it did last is felt by then. */
const WRITES_AFTER = 20;

const COLUMNS = ["took", "longest gap", "all gaps", "one session", "unanswered"];

/** Clients of one ensemble. */
export class UnderLoad {
  readonly rows: EventRow[] = [];
  readonly #connectString: string;
  readonly #pulse: Pulse;
  readonly #load: Workload;

  private constructor(connectString: string, pulse: Pulse, load: Workload) {
    this.#connectString = connectString;
    this.#pulse = pulse;
    this.#load = load;
  }

  /** Begins to write and read; the ensemble must serve. */
  static async start(connectString: string): Promise<UnderLoad> {
    const pulse = await Pulse.start(connectString, "/pulse");
    const options = { transport: clusterTransport };
    const load = await Workload.start(connectString, "/load", options);
    await load.progress(WRITES_AFTER);
    return new UnderLoad(connectString, pulse, load);
  }

  /** Does something, and notes what writes felt of it. */
  async during(event: string, action: () => Promise<unknown>): Promise<EventRow> {
    this.#pulse.take();
    const startedMs = performance.now();
    await action();
    const tookMs = performance.now() - startedMs;
    await this.progress();
    const row = { event, tookMs, ...this.#pulse.take() };
    this.rows.push(row);
    return row;
  }

  /** Waits until every writer has got through some more writes. */
  async progress(): Promise<void> {
    await this.#load.progress(WRITES_AFTER);
  }

  /** Ends the work; everything that is wrong, as sentences. */
  async finish(): Promise<string[]> {
    const history = await this.#load.finish();
    const problems = await this.#pulse.stop();
    const tree = await dumpTree(this.#connectString, { transport: clusterTransport });
    return [...problems, ...findViolations(history, tree)];
  }

  /** The rows as a table. */
  format(): string {
    const heading = ["event".padEnd(34), ...COLUMNS.map((name) => name.padStart(13))].join("");
    const lines = this.rows.map(({ event, tookMs, longestMs, totalMs, sessionMs, unanswered }) =>
      [
        event.padEnd(34),
        ...[tookMs, longestMs, totalMs, sessionMs].map((ms) => `${Math.round(ms)} ms`.padStart(13)),
        String(unanswered).padStart(13),
      ].join(""),
    );
    return ["", heading, ...lines, ""].join("\n");
  }
}

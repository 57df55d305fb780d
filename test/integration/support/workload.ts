/**
 * Several writers at work at the same time below one root, each with a session of its own on a
 * server of its choice, while a test does to the servers what it likes.
 */
import { EnsembleClient } from "../../../src/client/index.ts";
import type { ClientOptions } from "../../../src/client/index.ts";
import { eventually } from "./test-ensemble.ts";
import type { WriteRecord } from "./write-history.ts";
import { Writer, makeNode } from "./writer.ts";

const WRITERS = 4;
const PROGRESS_TIMEOUT_MS = 30_000;

export class Workload {
  readonly #writers: Writer[];
  readonly #runs: Promise<void>[];

  private constructor(writers: Writer[]) {
    this.#writers = writers;
    this.#runs = writers.map((writer) => writer.run());
    // Failures are looked at in the end; until then they are no unhandled rejections.
    for (const run of this.#runs) run.catch(() => undefined);
  }

  /** Makes `root` and starts writing below it; `options` of the clients besides Writer's own. */
  static async start(
    connectString: string,
    root: string,
    options: ClientOptions = {},
  ): Promise<Workload> {
    const admin = await EnsembleClient.connect(connectString, options);
    await makeNode(admin, root);
    await makeNode(admin, `${root}/queue`);
    await admin.close();
    const writers: Writer[] = [];
    for (let n = 0; n < WRITERS; n++) {
      // Everybody knows all servers and prefers another one.
      const home = `${root}/writer-${n}`;
      writers.push(await Writer.open(connectString, home, `${root}/queue`, options));
    }
    return new Workload(writers);
  }

  /** Waits until every writer had another `count` writes acknowledged. */
  async progress(count: number): Promise<void> {
    const goals = this.#writers.map((writer) => writer.acknowledgedCount + count);
    await eventually(
      "writes go on",
      () => this.#writers.every((writer, n) => writer.acknowledgedCount >= (goals[n] ?? 0)),
      PROGRESS_TIMEOUT_MS,
    );
  }

  /** Ends the writing; what was asked for and told. @throws what a writer could not explain. */
  async finish(): Promise<WriteRecord[]> {
    for (const writer of this.#writers) writer.stop();
    await Promise.all(this.#runs);
    for (const writer of this.#writers) await writer.close();
    return this.#writers.flatMap((writer) => writer.history);
  }
}

/**
 * A session that makes one node after the other, whatever happens to its servers, and remembers
 * with which transaction each was acknowledged. What is acknowledged may be lost to it, where
 * `UnderLoad` would complain.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { EnsembleClient } from "../../../src/client/index.ts";
import { clusterTransport } from "./cluster-transport.ts";

const PAUSE_MS = 5;

/** A session at work. */
export class Journal {
  /** What was acknowledged, by path: its zxid. */
  readonly acknowledged = new Map<string, bigint>();
  readonly #client: EnsembleClient;
  readonly #run: Promise<void>;
  #isStopping = false;

  private constructor(client: EnsembleClient, root: string) {
    this.#client = client;
    this.#run = this.#write(root);
  }

  /** Makes `root` and begins to make nodes below it. */
  static async start(connectString: string, root: string): Promise<Journal> {
    const client = await EnsembleClient.connect(connectString, { transport: clusterTransport });
    await client.create(root);
    return new Journal(client, root);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#run;
    await this.#client.close();
  }

  async #write(root: string): Promise<void> {
    for (let count = 0; !this.#isStopping; count += 1) {
      try {
        const { path, stat } = await this.#client.createWithStat(`${root}/${count}`);
        this.acknowledged.set(path, stat.czxid);
      } catch {
        // It may be there or not: nobody was told.
      }
      await sleep(PAUSE_MS);
    }
  }
}

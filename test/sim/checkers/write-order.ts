/**
 * Per client, writes are committed in the order in which they were sent, and none twice. Some may
 * be missing: those that were never acknowledged.
 */
import type { ChainNode } from "../chain.ts";
import { Violation } from "../violation.ts";
import { decodeWrite } from "../client-write.ts";

export class WriteOrder {
  readonly #newest = new Map<number, number>();

  committed(node: ChainNode): void {
    const { client, number } = decodeWrite(node.payload);
    const before = this.#newest.get(client) ?? 0;
    if (number <= before) {
      const text = `write ${number} of client ${client} was committed after ${before}`;
      throw new Violation("writes keep their order", text);
    }
    this.#newest.set(client, number);
  }
}

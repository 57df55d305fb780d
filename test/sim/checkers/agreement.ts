/**
 * Committed prefixes agree, and nothing committed is lost: there is one committed history, every
 * server in service holds a prefix of it, and each new leader holds all of it.
 */
import { formatHex } from "../../../src/wire/index.ts";
import { contains, emptyChain, isSame } from "../chain.ts";
import type { ChainNode } from "../chain.ts";
import { Violation } from "../violation.ts";
import type { Observation } from "./observation.ts";

export class Agreement {
  /** The committed history; the node at index n has count n. */
  readonly #committed: ChainNode[] = [emptyChain];

  get newest(): ChainNode {
    return this.#committed[this.#committed.length - 1]!;
  }

  /** A learner, or a leader that was superseded, serves nothing but what is committed. */
  expectPrefix({ sid, node }: Observation): void {
    const known = this.#committed[node.count];
    if (known !== undefined && isSame(known, node)) return;
    const text = `server ${sid} serves ${show(node)}, committed is ${show(known ?? this.newest)}`;
    throw new Violation("committed prefixes agree", text);
  }

  /** The leader of the latest epoch decides what is committed; returns what is new. */
  extend({ sid, node }: Observation, isNewLeader: boolean): ChainNode[] {
    const { newest } = this;
    if (!contains(node, newest)) {
      const rule = isNewLeader ? "acknowledged writes survive" : "committed prefixes agree";
      const text = `leader ${sid} holds ${show(node)}, but not the committed ${show(newest)}`;
      throw new Violation(rule, text);
    }
    const added: ChainNode[] = [];
    let next: ChainNode | undefined = node;
    for (; next !== undefined && next.count > newest.count; next = next.previous) added.push(next);
    added.reverse();
    for (const one of added) this.#committed.push(one);
    return added;
  }
}

function show(node: ChainNode): string {
  return `${formatHex(node.zxid)} (${node.count} transactions, hash ${node.hash})`;
}

/**
 * Removes containers and TTL nodes that are due while this server leads (ZooKeeper 3.9
 * `ContainerManager`): looks through them from time to time, a part of them at a time, and has a
 * deleteContainer made into a transaction for each that is due, not faster than allowed. Which ones
 * are due is decided by the tree. Nothing waits for the outcome: a node that was not removed
 * is met again at the next look.
 */
import type { Clock } from "../base/index.ts";
import { isDue } from "../tree/index.ts";
import type { DataTree } from "../tree/index.ts";
import { JuteWriter, OpCode } from "../wire/index.ts";
import type { Replica } from "./replica.ts";

export interface NodeReaperOptions {
  readonly clock: Clock;
  /** Pause between two looks, in ms. */
  readonly checkIntervalMs: number;
  /** Nodes removed in a minute, at least 1. */
  readonly perMinuteMax: number;
  /** How long a container may wait for its first child, in ms; 0 is for ever. */
  readonly unusedMsMax: number;
}

/** Pause between two parts of a look, in ms. */
const stepMs = 20;

/** How many nodes are looked at in one part: about a millisecond's work. */
const examinedMax = 2000;

export class NodeReaper {
  readonly #replica: Replica;
  readonly #options: NodeReaperOptions;
  readonly #writer = new JuteWriter(256);
  /** The look that is under way. */
  #look: { readonly tree: DataTree; readonly paths: Iterator<string> } | undefined;
  /** How many nodes may be removed now; a fraction is carried over. */
  #allowance = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(replica: Replica, options: NodeReaperOptions) {
    this.#replica = replica;
    this.#options = options;
  }

  start(): void {
    this.#timer = setTimeout(this.#step, this.#options.checkIntervalMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #step = (): void => {
    const { tree, isServing, peer } = this.#replica;
    const isLeading = isServing && peer.leader !== undefined;
    if (!isLeading || (this.#look !== undefined && this.#look.tree !== tree)) {
      this.#look = undefined;
    } else {
      this.#look ??= { tree, paths: tree.reapablePaths.values() };
      if (this.#goOn(tree, this.#look.paths)) this.#look = undefined;
    }
    const pauseMs = this.#look === undefined ? this.#options.checkIntervalMs : stepMs;
    this.#timer = setTimeout(this.#step, pauseMs);
  };

  /** One part of a look; true when it was the last one. */
  #goOn(tree: DataTree, paths: Iterator<string>): boolean {
    const { clock, perMinuteMax, unusedMsMax } = this.#options;
    const perStep = (perMinuteMax * stepMs) / 60_000;
    this.#allowance = Math.min(this.#allowance + perStep, Math.max(1, perStep));
    const nowMs = clock.wallMs();
    for (let examined = 0; examined < examinedMax && this.#allowance >= 1; examined++) {
      const next = paths.next();
      if (next.done === true) return true;
      const node = tree.getNode(next.value);
      if (node === undefined || !isDue(node, nowMs, unusedMsMax)) continue;
      this.#allowance -= 1;
      this.#remove(next.value, nowMs);
    }
    return false;
  }

  /** In nobody's name: session 0 is no client's. */
  #remove(path: string, timeMs: number): void {
    const { peer, preparer } = this.#replica;
    const zxid = peer.leader?.nextZxid;
    if (zxid === undefined) return;
    this.#writer.writeString(path);
    const request = { sessionId: 0n, cxid: 0, authInfo: [], body: this.#writer.takeCopy() };
    this.#replica.propose(
      preparer.prepare({ ...request, type: OpCode.deleteContainer, zxid, timeMs }),
    );
  }
}

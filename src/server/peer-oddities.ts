/**
 * What is odd about those who come to the ports between servers: counted for monitoring, and said
 * in the log from time to time, since whoever can reach the ports can cause it at will.
 */
import type { LearnerOddity } from "../zab/index.ts";
import type { RateLimitedLog } from "./limits/index.ts";
import type { ServerMetrics } from "./metrics/index.ts";

/** As `LearnerOddity`; and a vote that no server in its right mind sends. */
export type PeerOddity = LearnerOddity | "odd-vote";

const messages: Readonly<Record<PeerOddity, string>> = {
  joiner: "Serving a server that the membership does not know, since joiners may come",
  stranger:
    "Refusing a server that the membership does not know: joiners may come with reconfigEnabled " +
    "or ensemble.joiners",
  duplicate:
    "Refusing a second server with the id of one that is well: no two may have the same myid",
  foreign: "Refusing a server whose disk belongs to another ensemble",
  "absurd-epoch":
    "Refusing a server whose accepted epoch is so high that it would use up the epochs: if it is " +
    "a server of this ensemble, let it start with an empty disk",
  "odd-vote": "Ignoring a vote that no server of ours or ZooKeeper's sends",
};

export class PeerOddities {
  readonly #log: RateLimitedLog;
  readonly #counts: ServerMetrics["peerOddities"];

  constructor(log: RateLimitedLog, metrics: ServerMetrics) {
    this.#log = log;
    this.#counts = metrics.peerOddities;
  }

  /** @param fields who it was, as far as is known. */
  note(oddity: PeerOddity, fields: Readonly<Record<string, unknown>>): void {
    this.#counts.set(oddity, (this.#counts.get(oddity) ?? 0) + 1);
    this.#log.warn(messages[oddity], fields);
  }
}

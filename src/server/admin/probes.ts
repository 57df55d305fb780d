/**
 * The probes of the admin server, for those who run servers unattended: `/livez` (the process does
 * its turns), `/startupz` (it has read its disk and has taken part once), `/readyz` (clients can
 * be served here: reads work, and so do writes, as far as this server has a say in them). A "no" is
 * 503 with causes that programs can tell apart.
 */
import { diskCause } from "../disk-checks.ts";
import type { Readiness, ReadinessCause } from "../readiness.ts";
import type { ServerFacts } from "./server-facts.ts";

/** Body of an answer; its status code follows from `status`. */
export type ProbeAnswer =
  { readonly status: "ok" } | { readonly status: "no"; readonly causes: readonly ReadinessCause[] };

const recovering: ReadinessCause = {
  code: "recovering",
  message: "The server is reading its snapshot and its log",
};

/** Names of the probes and what each answers. */
export class Probes {
  readonly #facts: ServerFacts;
  readonly #readiness: Readiness;
  #hasServed = false;

  constructor(facts: ServerFacts, readiness: Readiness) {
    this.#facts = facts;
    this.#readiness = readiness;
    readiness.add(() => this.#checkService());
    readiness.add(() => this.#checkVolume());
    readiness.add(() => this.#checkQuorumOfDisks());
    readiness.add(() => this.#checkEnsemble());
    readiness.add(() => this.#checkDisk());
  }

  livez(): ProbeAnswer {
    return { status: "ok" };
  }

  startupz(): ProbeAnswer {
    if (this.#facts.mode !== null) this.#hasServed = true;
    if (this.#hasServed) return { status: "ok" };
    const cause = this.#checkService();
    return cause === null ? { status: "ok" } : { status: "no", causes: [cause] };
  }

  readyz(): ProbeAnswer {
    const causes = this.#readiness.causes();
    return causes.length === 0 ? { status: "ok" } : { status: "no", causes };
  }

  #checkService(): ReadinessCause | null {
    const { parts, config } = this.#facts;
    if (parts === undefined) return recovering;
    const { peer, isServing } = parts.replica;
    if (isServing) {
      if (peer.role !== "leading" || !config.replicated || config.leaderServes) return null;
      return {
        code: "not-accepting-clients",
        message: "The server leads, and leaderServes=no keeps clients away from the leader",
      };
    }
    if (peer.role === "looking") {
      return { code: "looking-for-leader", message: "The server has no leader and looks for one" };
    }
    if (!peer.isServing) {
      return {
        code: "synchronising",
        message:
          peer.role === "leading"
            ? "The server leads and waits for a quorum to have its history"
            : "The server is taking over the leader's history",
      };
    }
    return { code: "not-serving", message: "The server is stopping" };
  }

  #checkVolume(): ReadinessCause | null {
    if (this.#facts.parts?.replica.peer.isIncomplete !== true) return null;
    return {
      code: "incomplete-disk",
      message:
        "The disk was empty at the start, and no leader has made it whole yet: until then the " +
        "server has no vote",
    };
  }

  #checkQuorumOfDisks(): ReadinessCause | null {
    const missed = this.#facts.parts?.replica.peer.votersMissed ?? [];
    if (missed.length === 0) return null;
    return {
      code: "too-few-whole-disks",
      message:
        `No quorum can form without the data of servers ${missed.join(", ")}, whose disks were ` +
        "empty at their start: bring these disks back, or see 'ensemble recover'",
    };
  }

  #checkEnsemble(): ReadinessCause | null {
    const rejection = this.#facts.parts?.replica.peer.rejection;
    if (rejection === undefined) return null;
    return { code: rejection.code, message: `The leader is refused. ${rejection.reason}` };
  }

  #checkDisk(): ReadinessCause | null {
    const { parts, config } = this.#facts;
    if (parts === undefined) return null;
    return diskCause(parts.replica.diskCondition, config.diskStallLimitMs);
  }
}

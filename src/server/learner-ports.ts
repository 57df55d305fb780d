/**
 * Which ports a server takes learners at, by its role: the quorum port while it leads, or may come
 * to lead.
 */
import type { Logger } from "../observe/index.ts";
import type { Role } from "../zab/index.ts";
import { LearnerPort } from "./learner-port.ts";
import type { Endpoint } from "./learner-port.ts";
import type { QuorumLinks } from "./quorum-links.ts";

export interface LearnerEndpoints {
  /** Where learners connect while this server leads; undefined for a server without peers. */
  readonly quorumEndpoint: () => Endpoint | undefined;
}

export class LearnerPorts {
  readonly #endpoints: LearnerEndpoints;
  readonly #quorum: LearnerPort;

  constructor(endpoints: LearnerEndpoints, links: QuorumLinks, logger: Logger) {
    this.#endpoints = endpoints;
    this.#quorum = new LearnerPort((socket) => {
      links.accept(socket);
    }, logger);
  }

  /** Listens where learners of a server in this role connect, and nowhere else. */
  listenAs(role: Role): void {
    const mayLead = role === "looking" || role === "leading";
    const endpoint = mayLead ? this.#endpoints.quorumEndpoint() : undefined;
    if (endpoint === undefined) this.#quorum.stopListening();
    else this.#quorum.listen(endpoint, role === "leading");
  }

  close(): void {
    this.#quorum.stopListening();
  }
}

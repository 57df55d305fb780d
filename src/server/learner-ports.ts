/**
 * Which ports a server takes learners at, by its role: the quorum port while it leads, or may come
 * to lead, and one for observers while it follows and serves them.
 */
import type { Socket } from "node:net";
import type { Logger } from "../observe/index.ts";
import type { Peer } from "../zab/index.ts";
import { LearnerPort } from "./learner-port.ts";
import type { Endpoint } from "./endpoint.ts";
import type { QuorumLinks } from "./quorum-links.ts";

export interface LearnerEndpoints {
  /** Where learners connect while this server leads; undefined for a server without peers. */
  readonly quorumEndpoint: () => Endpoint | undefined;
  /** Where observers connect while this server follows; null when it takes none. */
  readonly observerMasterPort: number | null;
}

export class LearnerPorts {
  readonly #endpoints: LearnerEndpoints;
  readonly #quorum: LearnerPort;
  readonly #observers: LearnerPort;

  constructor(endpoints: LearnerEndpoints, links: QuorumLinks, logger: Logger) {
    this.#endpoints = endpoints;
    const accept = (socket: Socket): void => {
      links.accept(socket);
    };
    this.#quorum = new LearnerPort(accept, logger);
    this.#observers = new LearnerPort(accept, logger);
  }

  /** Listens where learners of a server in this role connect, and nowhere else. */
  follow({ role, observerMaster }: Pick<Peer, "role" | "observerMaster">): void {
    const { observerMasterPort: port } = this.#endpoints;
    const own = this.#endpoints.quorumEndpoint();
    const mayLead = role === "looking" || role === "leading";
    if (own === undefined || !mayLead) this.#quorum.stopListening();
    else this.#quorum.listen(own, role === "leading");
    const isMaster = observerMaster !== undefined;
    if (own === undefined || port === null || !isMaster) this.#observers.stopListening();
    else this.#observers.listen({ ...own, port }, true);
  }

  close(): void {
    this.#quorum.stopListening();
    this.#observers.stopListening();
  }
}

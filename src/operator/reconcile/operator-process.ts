/**
 * The operator as a process: the way to the API server, the endpoints for probes and Prometheus,
 * the election, and the controller, put together and taken apart in order. It leaves the process
 * alone: whoever starts it stops it, also when it says that it has lost the lead.
 */
import { randomUUID } from "node:crypto";
import type { Random } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import type { CheckSettings } from "../api/parse-ensemble.ts";
import {
  EventRecorder,
  KubeClient,
  KubeConnection,
  LeaderElection,
  RuntimeMetrics,
  TextServer,
  findLivenessProblems,
  findReadinessProblems,
  probePage,
  systemTimers,
} from "../kube/index.ts";
import type { KubeAccess, TextPages } from "../kube/index.ts";
import { OperatorError } from "../operator-error.ts";
import { Controller, WORKERS_MAX } from "./controller.ts";
import type { MemberAccess } from "./member-access.ts";

/** How an operator runs. */
export interface OperatorProcessOptions {
  /** The way to the API server. */
  readonly access: KubeAccess;
  /** Empty for the whole cluster. */
  readonly namespaces: readonly string[];
  /** Where the lease is; null to lead without an election, which only a sole operator may. */
  readonly leaseNamespace: string | null;
  /** For probes and for Prometheus; they may be the same. 0 is any free port. */
  readonly healthPort: number;
  readonly metricsPort: number;
  /** The image of members unless a specification names one. */
  readonly image: string;
  /** Name of the pod or machine. */
  readonly host: string;
  readonly members: MemberAccess;
  readonly checkSettings: CheckSettings;
  readonly random: Random;
  readonly logger: Logger;
}

const LEASE_NAME = "ensemble-operator";
const CONTROLLER = "ensemble.dev/operator";

/** A lost call must not cost the lead, which lasts for 10 s without a renewal. */
const LEASE_REQUEST_MS = 5_000;

/** An operator that runs. */
export class OperatorProcess {
  readonly #options: OperatorProcessOptions;
  readonly #connection: KubeConnection;
  readonly #metrics: RuntimeMetrics;
  readonly #controller: Controller;
  readonly #events: EventRecorder;
  readonly #election: LeaderElection | null;
  readonly #servers: { readonly port: number; readonly server: TextServer }[] = [];
  readonly #lost: Promise<never>;

  /** @throws KubeError UNREACHABLE when the way leads to no cluster. */
  constructor(options: OperatorProcessOptions) {
    this.#options = options;
    const { logger, random, host, leaseNamespace } = options;
    const lost = Promise.withResolvers<never>();
    this.#lost = lost.promise;
    const timers = systemTimers;
    this.#metrics = new RuntimeMetrics({
      controller: "ensemble",
      workersMax: WORKERS_MAX,
      queue: () => this.#controller.queue,
      lease: { name: LEASE_NAME, isOurs: () => this.isLeader },
    });
    this.#connection = new KubeConnection(options.access, timers, (...request) =>
      this.#metrics.requested(...request),
    );
    const client = new KubeClient(this.#connection, timers);
    const identity = `${host}_${randomUUID()}`;
    this.#events = new EventRecorder({
      client,
      timers,
      logger,
      controller: CONTROLLER,
      instance: host,
    });
    this.#controller = new Controller({
      ...options,
      client,
      events: this.#events,
      timers,
      observer: this.#metrics,
      defaultImage: options.image,
      makeUid: randomUUID,
      mayAct: () => this.isLeader,
    });
    this.#election =
      leaseNamespace === null
        ? null
        : new LeaderElection(
            {
              client: new KubeClient(this.#connection, timers, LEASE_REQUEST_MS),
              timers,
              random,
              logger,
            },
            {
              lease: { namespace: leaseNamespace, name: LEASE_NAME },
              identity,
              onElected: () => this.#controller.startWork(),
              onLost: () => lost.reject(new OperatorError("LEAD_LOST", LEAD_LOST)),
            },
          );
    this.#addServers();
  }

  /** Rejects with OperatorError LEAD_LOST when the operator may not act any more. */
  get lost(): Promise<never> {
    return this.#lost;
  }

  /** Whether it may act at this moment. */
  get isLeader(): boolean {
    return this.#election === null || this.#election.isLeader;
  }

  /** @throws OperatorError PORT_TAKEN. */
  async start(): Promise<void> {
    const { logger } = this.#options;
    for (const { port, server } of this.#servers) {
      try {
        await server.listen(port);
        logger.info("Listening", { port: server.port });
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        throw new OperatorError("PORT_TAKEN", `Cannot listen on port ${String(port)}: ${text}`);
      }
    }
    this.#controller.startCache();
    if (this.#election === null) this.#controller.startWork();
    else this.#election.start();
  }

  /** Ends the work, gives the lease back, and closes everything. */
  async stop(): Promise<void> {
    await this.#controller.stop();
    await this.#events.flush();
    await this.#election?.stop();
    for (const { server } of this.#servers) await server.close();
    this.#connection.close();
  }

  #addServers(): void {
    const { healthPort, metricsPort, logger } = this.#options;
    const sources = { cache: this.#controller.cache, queue: this.#controller.queue };
    const health = {
      "/healthz": () => probePage(findLivenessProblems(sources)),
      "/readyz": () => probePage(findReadinessProblems(sources)),
    };
    const metrics = {
      "/metrics": async () => ({ status: 200, ...(await this.#metrics.render()) }),
    };
    const isShared = healthPort === metricsPort && healthPort !== 0;
    const add = (port: number, pages: TextPages): void => {
      this.#servers.push({ port, server: new TextServer(pages, logger) });
    };
    add(healthPort, isShared ? { ...health, ...metrics } : health);
    if (!isShared) add(metricsPort, metrics);
  }
}

const LEAD_LOST = "Another operator leads, or the lease could not be renewed in time";

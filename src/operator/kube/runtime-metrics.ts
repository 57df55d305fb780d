/**
 * The runtime's metrics, under the names that controllers written with controller-runtime have, so
 * that dashboards and alerts made for those work: reconciliations, the work queue, calls to the API
 * server, who leads. What the process itself can tell (memory, event loop) comes with them.
 */

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { WorkOutcome, WorkQueueObserver } from "./work-queue.ts";

/** Seconds; as controller-runtime has them, without its finest. */
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60];

/** Seconds; as controller-runtime has them for its queues. */
const QUEUE_BUCKETS = [0.001, 0.01, 0.1, 1, 10, 60, 600];

/** Where the values come from that are read and not counted. */
export interface RuntimeMetricsOptions {
  /** Name of the controller, such as `ensemble`. */
  readonly controller: string;
  readonly workersMax: number;
  readonly queue: () => {
    readonly depth: number;
    readonly running: number;
    readonly longestRunMs: number;
  };
  /** The lease's name, and whether it is ours; absent without an election. */
  readonly lease?: { readonly name: string; readonly isOurs: () => boolean };
}

/** Counts what the runtime does. */
export class RuntimeMetrics implements WorkQueueObserver {
  readonly #registry = new Registry();
  readonly #labels: { readonly controller: string };
  readonly #reconciles: Counter<"controller" | "result">;
  readonly #errors: Counter<"controller">;
  readonly #times: Histogram<"controller">;
  readonly #adds: Counter<"name" | "controller">;
  readonly #retries: Counter<"name" | "controller">;
  readonly #waits: Histogram<"name" | "controller">;
  readonly #works: Histogram<"name" | "controller">;
  readonly #requests: Counter<"code" | "method" | "host">;

  constructor(options: RuntimeMetricsOptions) {
    const { controller, lease } = options;
    this.#labels = { controller };
    this.#reconciles = this.#counter(
      "controller_runtime_reconcile_total",
      "Reconciliations by their result",
      ["controller", "result"],
    );
    this.#errors = this.#counter(
      "controller_runtime_reconcile_errors_total",
      "Reconciliations that failed",
      ["controller"],
    );
    this.#times = new Histogram({
      name: "controller_runtime_reconcile_time_seconds",
      help: "Time that a reconciliation took",
      labelNames: ["controller"],
      buckets: RECONCILE_BUCKETS,
      registers: [this.#registry],
    });
    const queueLabels = ["name", "controller"] as const;
    this.#adds = this.#counter("workqueue_adds_total", "Keys added to the queue", queueLabels);
    this.#retries = this.#counter(
      "workqueue_retries_total",
      "Keys that come back after a failure",
      queueLabels,
    );
    this.#waits = this.#queueHistogram(
      "workqueue_queue_duration_seconds",
      "Time that a key waited for a worker",
    );
    this.#works = this.#queueHistogram(
      "workqueue_work_duration_seconds",
      "Time that the work for a key took",
    );
    this.#requests = this.#counter(
      "rest_client_requests_total",
      "Calls to the API server by the status of the answer",
      ["code", "method", "host"],
    );
    this.#addQueueGauges(options);
    if (lease !== undefined) {
      this.#gauge("leader_election_master_status", "1 if this process leads", {
        labels: { name: lease.name },
        read: () => Number(lease.isOurs()),
      });
    }
    for (const result of ["success", "error", "requeue_after"]) {
      this.#reconciles.inc({ controller, result }, 0);
    }
    this.#errors.inc(this.#labels, 0);
    collectDefaultMetrics({ register: this.#registry });
  }

  /** What Prometheus reads. */
  async render(): Promise<{ readonly contentType: string; readonly text: string }> {
    const text = await this.#registry.metrics();
    return { contentType: this.#registry.contentType, text };
  }

  /** A call to the API server was answered; `code` is `<error>` when there was no answer. */
  requested(host: string, method: string, code: string): void {
    this.#requests.inc({ host, method, code });
  }

  added(): void {
    this.#adds.inc(this.#queueLabels());
  }

  started(waitedMs: number): void {
    this.#waits.observe(this.#queueLabels(), waitedMs / 1000);
  }

  ended(tookMs: number, outcome: WorkOutcome): void {
    this.#works.observe(this.#queueLabels(), tookMs / 1000);
    this.#times.observe(this.#labels, tookMs / 1000);
    this.#reconciles.inc({ ...this.#labels, result: outcome });
    if (outcome !== "error") return;
    this.#errors.inc(this.#labels);
    this.#retries.inc(this.#queueLabels());
  }

  #addQueueGauges({ controller, workersMax, queue }: RuntimeMetricsOptions): void {
    const labels = this.#labels;
    this.#gauge("controller_runtime_active_workers", "Workers that have something to do", {
      labels,
      read: () => queue().running,
    });
    this.#gauge("controller_runtime_max_concurrent_reconciles", "Workers", {
      labels,
      read: () => workersMax,
    });
    const queueLabels = { name: controller, controller };
    this.#gauge("workqueue_depth", "Keys that wait for a worker", {
      labels: queueLabels,
      read: () => queue().depth,
    });
    this.#gauge("workqueue_longest_running_processor_seconds", "Age of the oldest work", {
      labels: queueLabels,
      read: () => queue().longestRunMs / 1000,
    });
  }

  #queueLabels(): { readonly name: string; readonly controller: string } {
    return { name: this.#labels.controller, controller: this.#labels.controller };
  }

  #counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #queueHistogram(name: string, help: string): Histogram<"name" | "controller"> {
    return new Histogram({
      name,
      help,
      labelNames: ["name", "controller"],
      buckets: QUEUE_BUCKETS,
      registers: [this.#registry],
    });
  }

  #gauge(
    name: string,
    help: string,
    { labels, read }: { readonly labels: Record<string, string>; readonly read: () => number },
  ): void {
    new Gauge({
      name,
      help,
      labelNames: Object.keys(labels),
      registers: [this.#registry],
      collect() {
        this.set(labels, read());
      },
    });
  }
}

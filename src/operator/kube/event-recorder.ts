/**
 * Events (`events.k8s.io/v1`) about objects, for those who look at them with kubectl: best effort,
 * never waited for, and never so many that they harm anybody. What is said again within some
 * minutes is counted in the Event that is there; an object has a budget for new ones that refills
 * slowly; what is waiting to be sent, and what is remembered, is bounded. Over its bounds the
 * recorder drops and counts. Events are no log: what matters is logged as well by who records it.
 */

import type { Logger } from "../../observe/index.ts";
import type { KubeClient } from "./kube-client.ts";
import type { ResourceType } from "./kube-object.ts";
import { formatMicroTime } from "./lease-record.ts";
import type { Timers } from "./timers.ts";

const EVENT: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
};

/** Said again within this time, it is the same Event; later it is news. */
const SERIES_MS = 10 * 60_000;

/** A count is written at most this often. */
const REWRITE_MS = 60_000;

/** New Events of one object at once, and how long until there may be one more. */
const BURST_MAX = 25;
const REFILL_MS = 5 * 60_000;

/** What is remembered: series, and budgets of objects. */
const MEMORY_MAX = 2048;

/** What waits to be sent; an API server that takes no Events must not fill our memory. */
const PENDING_MAX = 128;

/** The API refuses longer notes. */
const NOTE_LENGTH_MAX = 1024;

/** The object that an Event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What happened. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** Why, in one CamelCase word. */
  readonly reason: string;
  /** What was done or failed, in one CamelCase word. */
  readonly action: string;
  /** For people; without times and other texts that differ each time. */
  readonly note: string;
}

/** What a recorder works with, and who it speaks for. */
export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Name of the controller, such as `ensemble.dev/operator`. */
  readonly controller: string;
  /** This process. */
  readonly instance: string;
}

/** The same thing, said once or more. */
interface Series {
  readonly subject: EventSubject;
  readonly note: EventNote;
  readonly name: string;
  readonly eventTime: string;
  count: number;
  lastMs: number;
  lastTime: string;
  writtenMs: number;
}

interface Budget {
  left: number;
  refilledMs: number;
}

/** Records Events; `record()` may be called from anywhere and does not fail. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** By what is said, the least recently said first. */
  readonly #series = new Map<string, Series>();
  readonly #budgets = new Map<string, Budget>();
  readonly #pending = new Set<Series>();
  #sending: Promise<void> | undefined;
  #made = 0;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events that nobody will see. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Says that something happened to an object. */
  record(subject: EventSubject, note: EventNote): void {
    const nowMs = this.#options.timers.monotonicMs();
    const key = [subject.uid, note.type, note.reason, note.action, note.note].join("\n");
    const before = this.#series.get(key);
    const isNew = before === undefined || nowMs - before.lastMs >= SERIES_MS;
    if (isNew && !this.#spend(subject.uid, nowMs)) {
      this.#dropped += 1;
      return;
    }
    const series = isNew ? this.#begin(subject, note, nowMs) : before;
    if (!isNew) {
      series.count += 1;
      series.lastMs = nowMs;
      series.lastTime = this.#time();
    }
    remember(this.#series, key, series);
    // The second time is written at once: that it goes on is news.
    if (series.count <= 2 || nowMs - series.writtenMs >= REWRITE_MS) this.#send(series, nowMs);
  }

  /** Resolves when nothing waits to be sent any more. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  #begin(subject: EventSubject, note: EventNote, nowMs: number): Series {
    this.#made += 1;
    const wallMs = this.#options.timers.wallMs();
    const time = formatMicroTime(wallMs);
    return {
      subject,
      note,
      name: `${subject.name}.${wallMs.toString(16)}${this.#made.toString(16).padStart(4, "0")}`,
      eventTime: time,
      count: 1,
      lastMs: nowMs,
      lastTime: time,
      writtenMs: nowMs,
    };
  }

  /** Takes one from the budget of an object; false if it is used up. */
  #spend(uid: string, nowMs: number): boolean {
    const budget = this.#budgets.get(uid) ?? { left: BURST_MAX, refilledMs: nowMs };
    const refills = Math.floor((nowMs - budget.refilledMs) / REFILL_MS);
    budget.left = Math.min(BURST_MAX, budget.left + refills);
    budget.refilledMs += refills * REFILL_MS;
    remember(this.#budgets, uid, budget);
    if (budget.left === 0) return false;
    budget.left -= 1;
    return true;
  }

  #send(series: Series, nowMs: number): void {
    series.writtenMs = nowMs;
    if (this.#pending.size >= PENDING_MAX && !this.#pending.has(series)) {
      this.#dropped += 1;
      return;
    }
    this.#pending.add(series);
    this.#sending ??= this.#sendAll();
  }

  /** Sends one after the other, in the order in which they came. */
  async #sendAll(): Promise<void> {
    for (const series of this.#pending) {
      this.#pending.delete(series);
      await this.#write(series);
    }
    this.#sending = undefined;
  }

  async #write(series: Series): Promise<void> {
    const { client, controller, instance, logger } = this.#options;
    const { subject, note, count } = series;
    const manifest = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { namespace: subject.namespace, name: series.name },
      eventTime: series.eventTime,
      reportingController: controller,
      reportingInstance: instance,
      action: note.action,
      reason: note.reason,
      note: note.note.slice(0, NOTE_LENGTH_MAX),
      type: note.type,
      regarding: subject,
      ...(count === 1 ? {} : { series: { count, lastObservedTime: series.lastTime } }),
    };
    try {
      await client.apply(EVENT, manifest, { fieldManager: controller, force: true });
    } catch (error) {
      this.#dropped += 1;
      logger.warn("An event could not be written", { reason: note.reason, note: note.note, error });
    }
  }

  #time(): string {
    return formatMicroTime(this.#options.timers.wallMs());
  }
}

/** Puts an entry behind all others, and forgets the first when there are too many. */
function remember<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= MEMORY_MAX) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}

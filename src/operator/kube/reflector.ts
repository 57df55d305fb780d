/**
 * Keeps a store equal to a selection of objects in the API server: list, watch from there on, and
 * whatever happens, come back. It ends only by `stop()`, and then for good: one loop owns all of
 * its state, each wait in it ends with the same signal, and nothing else starts a list or a watch.
 *
 * A watch that ends or breaks goes on from the last version seen. It starts over with a list when
 * the server has forgotten that version (410, as a status or as an event), when it reports any
 * other error within the stream, and when going on has failed several times in a row: a server
 * restored from a backup does not know the version either, but may say so in other words.
 *
 * What it must withstand is listed in docs/decisions/0011.
 *
 * Handlers get keys, never objects: events may be missed, doubled and joined, and what counts is
 * the state in the store. A handler that throws is logged, and harms nobody else.
 */

import { assert, randomInt } from "../../base/index.ts";
import type { Random } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import { backoffMs } from "./backoff.ts";
import type { KubeClient, Selection, WatchEvent } from "./kube-client.ts";
import { KubeError, errorOfEvent } from "./kube-error.ts";
import { keyOf, parseObject } from "./kube-object.ts";
import type { ResourceType } from "./kube-object.ts";
import { ObjectStore } from "./object-store.ts";
import type { ObjectReader } from "./object-store.ts";
import { pause } from "./timers.ts";
import type { Timers } from "./timers.ts";

const BACKOFF = { minMs: 800, maxMs: 30_000 };

/** A watch that lived so long has worked: the next failure is a first one. */
const HEALTHY_WATCH_MS = 30_000;

const WATCH_SECONDS_MIN = 290;
const WATCH_SECONDS_MAX = 590;

/** The API server sends bookmarks about every minute: two have been missed by then. */
const INACTIVITY_MS = 150_000;

/** Failures in a row without any event, after which the version itself is suspected. */
const FAILURES_BEFORE_LIST = 5;

/** What a reflector works with. */
export interface ReflectorDependencies {
  readonly client: KubeClient;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What to reflect. */
export interface ReflectorOptions {
  readonly type: ResourceType;
  readonly selection: Selection;
  /** An object of this key came, changed or went. Not called before the first list is complete. */
  readonly onChange: (key: string) => void;
}

/** A cache of objects that always comes back. */
export class Reflector {
  readonly #dependencies: ReflectorDependencies;
  readonly #options: ReflectorOptions;
  readonly #logger: Logger;
  readonly #store = new ObjectStore();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #isSynced = false;
  #lastHeardMs = -Infinity;

  /** Where the next watch goes on; undefined means that a list comes first. */
  #resourceVersion: string | undefined;
  /** When the server took the current watch. */
  #openedMs: number | undefined;
  /** In a row, without an event between them. */
  #failures = 0;

  constructor(dependencies: ReflectorDependencies, options: ReflectorOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
    this.#logger = dependencies.logger.child({ reflector: options.type.plural });
  }

  /** What is known now; meaningless before `hasSynced`. */
  get store(): ObjectReader {
    return this.#store;
  }

  /** Whether one whole list has succeeded since the start. */
  get hasSynced(): boolean {
    return this.#isSynced;
  }

  /** Since when nothing has come from the server, not even a bookmark. */
  get silentForMs(): number {
    return this.#dependencies.timers.monotonicMs() - this.#lastHeardMs;
  }

  /** Begins; once in the life of a reflector. */
  start(): void {
    assert(this.#loop === undefined, "A reflector starts once");
    this.#loop = this.#run(this.#abort.signal);
  }

  /** Ends it for good; no handler is called after the promise resolves. */
  async stop(): Promise<void> {
    this.#abort.abort(new KubeError("CANCELLED", "The reflector is stopped"));
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { timers, random } = this.#dependencies;
    while (!signal.aborted) {
      this.#openedMs = undefined;
      let error: KubeError | undefined;
      try {
        this.#resourceVersion ??= await this.#list(signal);
        await this.#watch(this.#resourceVersion, signal);
      } catch (caught) {
        error = KubeError.from(caught, `Watching ${this.#options.type.plural}`);
      }
      if (signal.aborted) return;
      const openedMs = this.#openedMs ?? timers.monotonicMs();
      const isHealthy = timers.monotonicMs() - openedMs >= HEALTHY_WATCH_MS;
      if (isHealthy && error === undefined) {
        this.#failures = 0;
        continue;
      }
      // A stream that ends at once, however cleanly, counts: coming back at once would never end.
      this.#failures = isHealthy ? 1 : this.#failures + 1;
      if (error !== undefined) this.#afterError(error);
      const waitMs = backoffMs(random, BACKOFF, this.#failures);
      await pause(timers, Math.max(waitMs, error?.retryAfterMs ?? 0), signal);
    }
  }

  #afterError(error: KubeError): void {
    const isLost = error.code === "GONE" || !error.retriable;
    if (isLost || this.#failures >= FAILURES_BEFORE_LIST) this.#resourceVersion = undefined;
    const level = error.code === "GONE" ? "info" : "warn";
    this.#logger[level]("A watch was interrupted", {
      code: error.code,
      reason: error.message,
      failures: this.#failures,
      goesOnWith: this.#resourceVersion === undefined ? "list" : "watch",
    });
  }

  /** Makes the store what the server has now, and answers the version of that. */
  async #list(signal: AbortSignal): Promise<string> {
    const { client } = this.#dependencies;
    const list = await client.list(this.#options.type, this.#options.selection, signal);
    const changed = this.#store.replace(list.objects);
    this.#isSynced = true;
    this.#heard();
    for (const key of changed) this.#notify(key);
    return list.resourceVersion;
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const { client, random } = this.#dependencies;
    const { type, selection } = this.#options;
    const events = client.watch(type, selection, {
      resourceVersion,
      timeoutSeconds: randomInt(random, WATCH_SECONDS_MIN, WATCH_SECONDS_MAX + 1),
      inactivityMs: INACTIVITY_MS,
      signal,
      onHeard: () => {
        this.#heard();
        this.#openedMs ??= this.#lastHeardMs;
      },
    });
    for await (const event of events) {
      if (signal.aborted) return;
      this.#take(event);
    }
  }

  /** Brings one event into the store. */
  #take(event: WatchEvent): void {
    const { type } = this.#options;
    if (event.type === "ERROR") {
      this.#resourceVersion = undefined;
      throw errorOfEvent(`The watch of ${type.plural}`, event.object);
    }
    if (event.type === "BOOKMARK") {
      this.#progress(bookmarkVersion(event.object));
      return;
    }
    const object = parseObject(event.object, type);
    const key = keyOf(object.metadata);
    let isChange: boolean;
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        isChange = this.#store.put(object);
        break;
      case "DELETED":
        isChange = this.#store.delete(key);
        break;
      default:
        throw new KubeError("BAD_RESPONSE", `A watch sent an event of type '${event.type}'`);
    }
    this.#progress(object.metadata.resourceVersion);
    if (isChange) this.#notify(key);
  }

  #progress(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#failures = 0;
  }

  #heard(): void {
    this.#lastHeardMs = this.#dependencies.timers.monotonicMs();
  }

  #notify(key: string): void {
    try {
      this.#options.onChange(key);
    } catch (error) {
      this.#logger.error("A handler of changes failed", { key, error });
    }
  }
}

/** The version of a bookmark, which has nothing else. */
function bookmarkVersion(object: unknown): string {
  const bookmark = object as { metadata?: { resourceVersion?: unknown } } | null | undefined;
  const version = bookmark?.metadata?.resourceVersion;
  if (typeof version === "string" && version !== "") return version;
  throw new KubeError("BAD_RESPONSE", "A bookmark has no resource version");
}

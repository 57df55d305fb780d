/**
 * The controller of all ensembles: what the watches bring becomes keys of a queue, whose workers
 * reconcile one ensemble each. It knows all before it works: the cache has been filled, and this
 * operator leads, when it begins.
 */
import type { Random } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import type { CheckSettings } from "../api/parse-ensemble.ts";
import { ObjectCache, WorkQueue, keyOf } from "../kube/index.ts";
import type {
  EventRecorder,
  KubeClient,
  ObjectName,
  ResourceType,
  Timers,
  WorkQueueObserver,
} from "../kube/index.ts";
import { CachedReader, FreshReader } from "./cluster-reader.ts";
import type { MemberAccess } from "./member-access.ts";
import { Reconciler } from "./reconciler.ts";
import { CACHED_TYPES, ENSEMBLE, ownerOf } from "./resources.ts";

/** Ensembles that are looked after at a time; most of a look is waiting for answers. */
export const WORKERS_MAX = 8;

/** How often it is looked whether the cache is complete. */
const SYNC_POLL_MS = 100;

/** What a controller works with. */
export interface ControllerOptions {
  readonly client: KubeClient;
  readonly members: MemberAccess;
  readonly events: EventRecorder;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly observer?: WorkQueueObserver;
  /** Empty for the whole cluster. */
  readonly namespaces: readonly string[];
  readonly defaultImage: string;
  readonly checkSettings: CheckSettings;
  readonly makeUid: () => string;
  readonly mayAct: () => boolean;
}

/** A controller. A life: startCache() once, startWork() once, stop(). */
export class Controller {
  readonly cache: ObjectCache;
  readonly queue: WorkQueue;
  readonly #timers: Timers;
  #cancelPoll: () => void = () => undefined;

  constructor(options: ControllerOptions) {
    this.#timers = options.timers;
    this.cache = new ObjectCache(options, {
      types: CACHED_TYPES,
      namespaces: options.namespaces,
      onChange: (type, name) => this.#changed(type, name),
    });
    const reconciler = new Reconciler({
      ...options,
      cached: new CachedReader(this.cache),
      fresh: new FreshReader(options.client),
    });
    this.queue = new WorkQueue(options, {
      work: (key, signal) => reconciler.reconcile(key, signal),
      workersMax: WORKERS_MAX,
    });
  }

  /** Begins to follow the cluster. */
  startCache(): void {
    this.cache.start();
  }

  /** Begins to work as soon as the cache is complete. */
  startWork(): void {
    if (this.cache.hasSynced) {
      this.queue.start();
      return;
    }
    this.#cancelPoll = this.#timers.schedule(SYNC_POLL_MS, () => this.startWork());
  }

  /** Ends all work, then the watches. */
  async stop(): Promise<void> {
    this.#cancelPoll();
    await this.queue.stop();
    await this.cache.stop();
  }

  #changed(type: ResourceType, { namespace = "", name }: ObjectName): void {
    const owner = type === ENSEMBLE ? name : ownerOf(type, { namespace, name });
    // Also of one that does not exist: that is found out when it is looked at.
    this.queue.add(keyOf({ namespace, name: owner }));
  }
}

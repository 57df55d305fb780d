/**
 * One leader among several operators, by a Lease. A candidate takes the lease when nobody holds it,
 * or when its record has not changed for its whole duration as measured here: clocks of other
 * machines are never compared with ours. Every write carries the resource version that it replaces,
 * so that of two candidates one gets a CONFLICT. A leader knows that version from its last write,
 * and renews with one call; it reads the lease only when that write is refused as outdated.
 *
 * A leader that has not renewed in time stops being one by its own clock, before anybody else may
 * take over: `onLost` is called at that moment, even while a renewal hangs, and there is no way
 * back for this object. An object's life: start() once; elected at most once; lost or stopped.
 */

import { assert } from "../../base/index.ts";
import type { Random } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import type { KubeClient } from "./kube-client.ts";
import { KubeError } from "./kube-error.ts";
import type { KubeObject, ObjectName } from "./kube-object.ts";
import { LEASE, formatLeaseSpec, formatMicroTime, parseLease } from "./lease-record.ts";
import type { LeaseRecord } from "./lease-record.ts";
import { pause } from "./timers.ts";
import type { Timers } from "./timers.ts";

/** How long a lease lasts for the others after its last renewal. */
const LEASE_MS = 15_000;

/** How long a leader leads without a renewal; the rest up to `LEASE_MS` is for its work to end. */
const RENEW_DEADLINE_MS = 10_000;

const RETRY_MS = 2_000;

/** What an election works with. */
export interface LeaderElectionDependencies {
  /** With a time-out well below the deadline of 10 s, so that one lost call costs no lead. */
  readonly client: KubeClient;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What is elected, and whom to tell. The callbacks must not throw. */
export interface LeaderElectionOptions {
  readonly lease: Required<ObjectName>;
  /** Different for every process, also for the next one of the same pod. */
  readonly identity: string;
  /** We lead from now on. */
  readonly onElected: () => void;
  /** We lead no more: nothing may be written from here on. Not called by `stop()`. */
  readonly onLost: () => void;
}

/** The lease as it was read, and since when it reads like this. */
interface Observed {
  readonly lease: KubeObject;
  readonly record: LeaseRecord;
  readonly sinceMs: number;
}

/** A candidate, and perhaps the leader. */
export class LeaderElection {
  readonly #dependencies: LeaderElectionDependencies;
  readonly #options: LeaderElectionOptions;
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #observed: Observed | undefined;
  /** Until when we lead if no renewal succeeds; undefined before the election and after the end. */
  #leadsUntilMs: number | undefined;
  #cancelFence: () => void = () => undefined;

  constructor(dependencies: LeaderElectionDependencies, options: LeaderElectionOptions) {
    this.#dependencies = dependencies;
    this.#options = options;
  }

  /** Whether we lead at this very moment: to be asked before whatever only a leader may do. */
  get isLeader(): boolean {
    const { timers } = this.#dependencies;
    return this.#leadsUntilMs !== undefined && timers.monotonicMs() < this.#leadsUntilMs;
  }

  /** Stands for election; once in the life of an object. */
  start(): void {
    assert(this.#loop === undefined, "A candidate starts once");
    this.#loop = this.#run(this.#abort.signal);
  }

  /** Leaves, and gives the lease back if it is ours: the leader's work must have ended before. */
  async stop(): Promise<void> {
    const wasLeader = this.isLeader;
    this.#end();
    await this.#loop;
    if (wasLeader) await this.#release();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { timers, random } = this.#dependencies;
    while (!signal.aborted) {
      const startedMs = timers.monotonicMs();
      const isOurs = await this.#attempt();
      // A renewal counts from before it was sent: the others may have seen it at once.
      if (isOurs === true) this.#lead(startedMs);
      else if (isOurs === false && this.isLeader) this.#lose("another holds the lease");
      await pause(timers, RETRY_MS * (1 + random.next() / 5), signal);
    }
  }

  /** Answers whether the lease is ours now; undefined if that cannot be told. */
  async #attempt(): Promise<boolean | undefined> {
    try {
      return await this.#acquireOrRenew();
    } catch (error) {
      this.#dependencies.logger.warn("The lease could not be read or written", { error });
      return undefined;
    }
  }

  async #acquireOrRenew(): Promise<boolean> {
    const known = this.#observed;
    if (known !== undefined && this.#isOurs(known) && (await this.#renew(known))) return true;
    const observed = await this.#observe();
    const isFree = observed === undefined || this.#isOurs(observed) || this.#isExpired(observed);
    if (!isFree || this.#abort.signal.aborted) return false;
    await this.#write(observed);
    return true;
  }

  /** Answers false when the lease is not what it was after our last write. */
  async #renew(known: Observed): Promise<boolean> {
    try {
      await this.#write(known);
      return true;
    } catch (error) {
      const code = error instanceof KubeError ? error.code : null;
      if (code !== "CONFLICT" && code !== "NOT_FOUND") throw error;
      return false;
    }
  }

  /** Makes the lease ours from now on, if it is still what was observed. */
  async #write(observed: Observed | undefined): Promise<void> {
    const { client, timers } = this.#dependencies;
    const { lease: name, identity } = this.#options;
    const now = formatMicroTime(timers.wallMs());
    const record = observed?.record;
    const isOurs = record?.holder === identity;
    const next: LeaseRecord = {
      holder: identity,
      durationMs: LEASE_MS,
      renewTime: now,
      acquireTime: isOurs ? record.acquireTime || now : now,
      transitions: record === undefined ? 0 : record.transitions + (isOurs ? 0 : 1),
    };
    if (observed === undefined) {
      const manifest = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: name };
      this.#note(await client.create(LEASE, { ...manifest, spec: formatLeaseSpec(next) }));
    } else {
      this.#note(await client.replace(LEASE, withRecord(observed.lease, next)));
    }
  }

  /** Reads the lease; undefined if there is none. */
  async #observe(): Promise<Observed | undefined> {
    try {
      return this.#note(await this.#dependencies.client.get(LEASE, this.#options.lease));
    } catch (error) {
      if (!(error instanceof KubeError) || error.code !== "NOT_FOUND") throw error;
      this.#observed = undefined;
      return undefined;
    }
  }

  /** Takes note of what the lease is now; one that has not changed keeps its age. */
  #note(lease: KubeObject): Observed {
    const { uid, resourceVersion } = lease.metadata;
    const before = this.#observed;
    const { metadata } = before?.lease ?? {};
    if (before !== undefined && metadata?.uid === uid) {
      if (metadata.resourceVersion === resourceVersion) return before;
    }
    const sinceMs = this.#dependencies.timers.monotonicMs();
    this.#observed = { lease, record: parseLease(lease), sinceMs };
    return this.#observed;
  }

  #isOurs({ record }: Observed): boolean {
    return record.holder === this.#options.identity;
  }

  #isExpired({ record, sinceMs }: Observed): boolean {
    if (record.holder === "") return true;
    const heldMs = Math.max(record.durationMs, LEASE_MS);
    return this.#dependencies.timers.monotonicMs() - sinceMs >= heldMs;
  }

  /** We lead until the deadline after a renewal that was begun at `startedMs`. */
  #lead(startedMs: number): void {
    const { timers, logger } = this.#dependencies;
    if (this.#abort.signal.aborted) return;
    const wasLeader = this.#leadsUntilMs !== undefined;
    const leftMs = startedMs + RENEW_DEADLINE_MS - timers.monotonicMs();
    if (leftMs <= 0) return;
    this.#leadsUntilMs = startedMs + RENEW_DEADLINE_MS;
    this.#cancelFence();
    this.#cancelFence = timers.schedule(leftMs, () => this.#lose("it was not renewed in time"));
    if (wasLeader) return;
    logger.info("Elected leader", { identity: this.#options.identity });
    this.#options.onElected();
  }

  #lose(reason: string): void {
    this.#dependencies.logger.error("The leadership is lost", { reason });
    this.#end();
    this.#options.onLost();
  }

  #end(): void {
    this.#cancelFence();
    this.#leadsUntilMs = undefined;
    this.#abort.abort(new KubeError("CANCELLED", "The election has ended"));
  }

  /** Writes that nobody holds the lease, so that the next one need not wait for its end. */
  async #release(): Promise<void> {
    const { client, timers, logger } = this.#dependencies;
    try {
      const observed = await this.#observe();
      if (observed === undefined || !this.#isOurs(observed)) return;
      const renewTime = formatMicroTime(timers.wallMs());
      const record = { ...observed.record, holder: "", durationMs: 1000, renewTime };
      await client.replace(LEASE, withRecord(observed.lease, record));
    } catch (error) {
      logger.warn("The lease could not be given back; it ends by itself", { error });
    }
  }
}

/** The lease with another record, and all else that somebody may have put on it. */
function withRecord(lease: KubeObject, record: LeaseRecord): KubeObject {
  const spec = lease["spec"] as Record<string, unknown> | undefined;
  return { ...lease, spec: { ...spec, ...formatLeaseSpec(record) } };
}

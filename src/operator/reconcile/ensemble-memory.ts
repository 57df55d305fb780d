/**
 * What the controller remembers of each ensemble between two looks at it. All of it can be lost at
 * any moment: it saves calls and counts what failed, and nothing that is safe rests on it.
 */
import type { KubeObject } from "../kube/index.ts";
import { FailedHandOvers, KnownMembership } from "../members/index.ts";
import { hasQuorum } from "../plan/ensemble-view.ts";
import type { EnsembleView } from "../plan/ensemble-view.ts";
import { AppliedChildren } from "./applied-children.ts";
import { GrowthRefusals } from "./growth-refusals.ts";
import type { ImportLogin } from "./import-secret.ts";

/** What is remembered of one ensemble. */
export interface EnsembleMemory {
  /** Of the object that all of this is about. */
  readonly uid: string;
  /** The operator's password, once it was read. */
  adminPassword: string | null;
  /** For servers that are imported, once it was read. */
  importLogin: ImportLogin | null;
  readonly applied: AppliedChildren;
  /** What came back from our last write, and the versions that are known to be older. */
  written: { readonly object: KubeObject; readonly older: ReadonlySet<string> } | null;
  /** When the status was written last, by the monotonic clock. */
  statusWrittenMs: number;
  readonly failedHandOvers: FailedHandOvers;
  readonly membership: KnownMembership;
  /** Since when no quorum has served, by the monotonic clock; null while one does. */
  quorumMissedSinceMs: number | null;
  /** Since when there is something to wait for. */
  waitingSinceMs: number | null;
  /** Claims that the API server did not let grow. */
  readonly refusals: GrowthRefusals;
  /** What was last applied for monitoring, by kind; null for what is not wanted. */
  readonly monitoring: Map<string, string | null>;
}

/** What is remembered of all ensembles, by key. */
export class EnsembleMemories {
  readonly #byKey = new Map<string, EnsembleMemory>();

  /** What is remembered of the object of a key, and nothing of another that was there before. */
  of(key: string, uid: string): EnsembleMemory {
    const known = this.#byKey.get(key);
    if (known?.uid === uid) return known;
    const memory: EnsembleMemory = {
      uid,
      adminPassword: null,
      importLogin: null,
      applied: new AppliedChildren(),
      written: null,
      statusWrittenMs: -Infinity,
      failedHandOvers: new FailedHandOvers(),
      membership: new KnownMembership(),
      quorumMissedSinceMs: null,
      waitingSinceMs: null,
      refusals: new GrowthRefusals(),
      monitoring: new Map(),
    };
    this.#byKey.set(key, memory);
    return memory;
  }

  forget(key: string): void {
    this.#byKey.delete(key);
  }
}

/**
 * The newest form of an ensemble that is known. Our writes are made on the condition that nobody
 * else has written since a version that we know; so as long as the cache shows that version or one
 * before it, ours is newer, and when it shows another, that is ours or what followed it.
 */
export function newestOf(cached: KubeObject, memory: EnsembleMemory): KubeObject {
  const { written } = memory;
  if (written === null) return cached;
  if (written.older.has(cached.metadata.resourceVersion)) return written.object;
  memory.written = null;
  return cached;
}

/** Takes note that `before` became `after` by a write of ours. */
export function rememberWrite(memory: EnsembleMemory, before: KubeObject, after: KubeObject): void {
  // A write that changes nothing makes no new version.
  if (after.metadata.resourceVersion === before.metadata.resourceVersion) return;
  const older = new Set([...(memory.written?.older ?? []), before.metadata.resourceVersion]);
  memory.written = { object: after, older };
}

/** How long a change of leader may take, with the time that it takes to ask in vain. */
const MOMENT_MS = 4_000;

/** Whether no quorum serves, and has not for no longer than a change of leader may take. */
export function isQuorumAwayForAMoment(
  memory: EnsembleMemory,
  view: EnsembleView,
  nowMs: number,
): boolean {
  const { phase } = view.observed.recorded;
  if (phase === null || phase === "Forming" || hasQuorum(view)) {
    memory.quorumMissedSinceMs = null;
    return false;
  }
  memory.quorumMissedSinceMs ??= nowMs;
  return nowMs - memory.quorumMissedSinceMs < MOMENT_MS;
}

/**
 * Which children are as they are wanted. An object is, if it was applied as it is wanted now and
 * nobody has changed it since; or, where that is not known, as after a start of the operator, if
 * all that is wanted is in it, with the mark of what was applied. What was applied is compared with
 * what came back, not with what was sent: the API server writes some values in another form.
 */
import { createHash } from "node:crypto";
import type { KubeObject, Manifest } from "../kube/index.ts";

/** On each child: stands for all that was applied, so that what is left out now is noticed. */
const MARK = "ensemble.dev/applied";

interface Applied {
  readonly mark: string;
  /** Of the object as the API server had it. */
  readonly fingerprint: string;
}

/** Remembers what was applied, by the uid of the object. */
export class AppliedChildren {
  readonly #applied = new Map<string, Applied>();

  /** Whether there is nothing to apply. */
  isApplied(wanted: Manifest, live: KubeObject | undefined): boolean {
    if (live === undefined) return false;
    const mark = markOf(wanted);
    const before = this.#applied.get(live.metadata.uid);
    if (before?.mark === mark && before.fingerprint === fingerprintOf(live)) return true;
    if (before !== undefined || !contains(live, marked(wanted))) return false;
    this.remember(wanted, live);
    return true;
  }

  /** Takes note of what came back when `wanted` was applied. */
  remember(wanted: Manifest, live: KubeObject): void {
    this.#applied.set(live.metadata.uid, {
      mark: markOf(wanted),
      fingerprint: fingerprintOf(live),
    });
  }

  /** Forgets an object that is gone. */
  forget(uid: string): void {
    this.#applied.delete(uid);
  }
}

/** The manifest as it is applied. */
export function marked(manifest: Manifest): Manifest {
  const annotations = manifest.metadata["annotations"] as Record<string, string> | undefined;
  return {
    ...manifest,
    metadata: {
      ...manifest.metadata,
      annotations: { ...annotations, [MARK]: markOf(manifest) },
    },
  };
}

function markOf(manifest: Manifest): string {
  return hashOf(manifest);
}

/** Without what changes by itself. */
function fingerprintOf(object: KubeObject): string {
  const { labels, annotations, ownerReferences } = object.metadata as Record<string, unknown>;
  const rest: Record<string, unknown> = { ...object, metadata: undefined, status: undefined };
  return hashOf([labels, annotations, ownerReferences, rest]);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url").slice(0, 16);
}

/** Whether everything in `wanted` is in `live` too, which may have more fields. */
function contains(live: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live) || live.length !== wanted.length) return false;
    return wanted.every((item, index) => contains(live[index], item));
  }
  if (typeof wanted !== "object" || wanted === null) return live === wanted;
  if (typeof live !== "object" || live === null) return false;
  return Object.entries(wanted).every(
    ([key, value]) =>
      value === undefined || contains((live as Record<string, unknown>)[key], value),
  );
}

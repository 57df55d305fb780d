/**
 * What a disk may do to a server's readiness: be full, be stalled, or have lost its history. The
 * numbers come from the storage and the queue before it; here they become causes with words.
 */
import type { Storage } from "../storage/index.ts";
import type { DiskCondition } from "./disk-space.ts";
import type { ReadinessCause, ReadinessCheck } from "./readiness.ts";

const full: ReadinessCause = {
  code: "disk-full",
  message: "The disk is full: nothing can be acknowledged",
};

const quarantined: ReadinessCause = {
  code: "resyncing-after-damage",
  message:
    "The history on the disk was damaged and is moved aside: the server has no vote until a " +
    "leader has given it all. Its log says what was damaged, and where it is now",
};

/** For a server whose storage is open. */
export function quarantineCheck(storage: Storage): ReadinessCheck {
  return () => (storage.isQuarantined ? quarantined : null);
}

/** For a server that takes part: full, or stalled for `stallLimitMs`. */
export function diskCause(condition: DiskCondition, stallLimitMs: number): ReadinessCause | null {
  if (condition.isFull) return full;
  if (condition.syncingForMs < stallLimitMs) return null;
  const seconds = Math.round(condition.syncingForMs / 1000);
  return {
    code: "disk-stalled",
    message: `The disk has been busy with one write for ${seconds} s`,
  };
}

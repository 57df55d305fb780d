/**
 * What a server's disk says of itself besides the history on it, as the text of a small file: to
 * which ensemble it belongs, and whether its data is whole. The file is ours; ZooKeeper neither
 * writes nor reads it. A disk without the file belongs to no named ensemble and is whole.
 */
import { WireError } from "./wire-error.ts";

/** The record of one disk. */
export interface VolumeRecord {
  /** Identity of the ensemble that the data belongs to; null when it has none. */
  readonly ensembleId: string | null;
  /**
   * Whether the identity is final. The first leader of an ensemble makes it up, and until a quorum
   * has it another first leader may make another one.
   */
  readonly isIdSettled: boolean;
  /**
   * Whether the disk was found empty, or lost what it had, and no leader has made it whole since.
   * Its server forgot what it promised and acknowledged: it must not count for any quorum.
   */
  readonly isIncomplete: boolean;
}

/** The record of a disk that has none. */
export const plainVolume: VolumeRecord = {
  ensembleId: null,
  isIdSettled: false,
  isIncomplete: false,
};

/** Longest identity of an ensemble, in characters, each a byte. */
const idCharactersMax = 64;

/** Whether a text can be the identity of an ensemble: a UUID, or a name like one. */
export function isEnsembleId(text: string): boolean {
  return text.length <= idCharactersMax && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text);
}

export function formatVolumeRecord(record: VolumeRecord): string {
  const { ensembleId, isIdSettled, isIncomplete } = record;
  return `${JSON.stringify({ version: 1, ensembleId, isIdSettled, isIncomplete })}\n`;
}

/** @throws WireError `bad-value` when the text is none of ours. */
export function parseVolumeRecord(text: string): VolumeRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const { version, ensembleId, isIdSettled, isIncomplete } = (value ?? {}) as Partial<
    Record<keyof VolumeRecord | "version", unknown>
  >;
  const isId = ensembleId === null || (typeof ensembleId === "string" && isEnsembleId(ensembleId));
  const areFlags = typeof isIdSettled === "boolean" && typeof isIncomplete === "boolean";
  if (version !== 1 || !isId || !areFlags) {
    throw new WireError("bad-value", "Cannot decode volume record: expected one of version 1");
  }
  return { ensembleId, isIdSettled, isIncomplete };
}

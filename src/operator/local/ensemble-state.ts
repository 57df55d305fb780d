/**
 * What a local ensemble was made with, kept in `ensemble.json` in its folder: the number of
 * members that its data belongs to, and their ports. It is written before the first member starts
 * for the first time, and makes the difference between making an ensemble and starting one: a
 * member may vote with an empty disk in the first case only.
 */
import { OperatorError } from "../operator-error.ts";
import { readTextIfExists, writeTextAtomically } from "./files.ts";
import type { RecordedPorts } from "./ports.ts";

/** The content of `ensemble.json`. */
export interface EnsembleState {
  /** Of the file's format. */
  readonly version: 1;
  readonly namespace: string;
  readonly name: string;
  /** The identity that the members' disks have to have; absent in what older versions wrote. */
  readonly ensembleId?: string;
  /** Number of members that the data was made for; null before the first start. */
  readonly bootstrappedReplicas: number | null;
  /** By ascending id. */
  readonly members: readonly RecordedPorts[];
}

/**
 * Reads the state; null when there is none.
 *
 * @throws OperatorError FILE_ACCESS when the file cannot be read or is not ours.
 */
export function readEnsembleState(file: string): EnsembleState | null {
  const text = readTextIfExists(file);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OperatorError("FILE_ACCESS", `${file}: expected valid JSON`, error);
  }
  if (!isEnsembleState(value)) {
    throw new OperatorError("FILE_ACCESS", `${file}: expected what 'ensemble up' has written`);
  }
  return value;
}

/** Writes the state so that a crash leaves the old or the new one. @throws OperatorError */
export function writeEnsembleState(file: string, state: EnsembleState): void {
  writeTextAtomically(file, `${JSON.stringify(state, null, 2)}\n`);
}

function isEnsembleState(value: unknown): value is EnsembleState {
  if (typeof value !== "object" || value === null) return false;
  const state = value as Partial<Record<keyof EnsembleState, unknown>>;
  const replicas = state.bootstrappedReplicas;
  return (
    state.version === 1 &&
    typeof state.name === "string" &&
    typeof state.namespace === "string" &&
    (state.ensembleId === undefined || typeof state.ensembleId === "string") &&
    (replicas === null || Number.isSafeInteger(replicas)) &&
    Array.isArray(state.members) &&
    state.members.every(isMemberPorts)
  );
}

function isMemberPorts(value: unknown, index: number): value is RecordedPorts {
  if (typeof value !== "object" || value === null) return false;
  const ports = value as Partial<Record<keyof RecordedPorts, unknown>>;
  const numbers = [ports.clientPort, ports.quorumPort, ports.electionPort, ports.adminPort ?? 0];
  return ports.id === index + 1 && numbers.every((port) => Number.isSafeInteger(port));
}

/**
 * What is written down about a local ensemble, kept in `ensemble.json` in its folder: what the
 * operator on Kubernetes keeps in the status of the object, besides who the members were when that
 * was last known, and the ports of each. Files of the first version, which knew nothing but the
 * number of members, are read as what they come to.
 */
import { OperatorError } from "../operator-error.ts";
import type { Membership, Recorded } from "../plan/ensemble-observed.ts";
import { readTextIfExists, writeTextAtomically } from "./files.ts";
import type { RecordedPorts } from "./ports.ts";

/** The content of `ensemble.json`. */
export interface EnsembleState extends Omit<Recorded, "firstSid" | "imported" | "recovery"> {
  /** Of the file's format. */
  readonly version: 2;
  readonly namespace: string;
  readonly name: string;
  /** Who the members were when a quorum last said so; null before one ever has. */
  readonly membership: Omit<Membership, "version"> | null;
  /** Of all members that there ever were, by ascending id. */
  readonly members: readonly RecordedPorts[];
}

/** The first version of it. */
interface FirstState {
  readonly version: 1;
  readonly namespace: string;
  readonly name: string;
  readonly ensembleId?: string;
  /** Number of members that may have data; null before the first start. */
  readonly bootstrappedReplicas: number | null;
  readonly members: readonly RecordedPorts[];
}

/**
 * Reads the state; null when there is none.
 *
 * @param mayFound - whether a member has a permission to form the ensemble that was not used yet;
 *     the first version does not tell.
 * @throws OperatorError FILE_ACCESS when the file cannot be read or is not ours.
 */
export function readEnsembleState(
  file: string,
  mayFound: (sid: number) => boolean,
): EnsembleState | null {
  const text = readTextIfExists(file);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new OperatorError("FILE_ACCESS", `${file}: expected valid JSON`, error);
  }
  if (isFirstState(value)) return upgrade(value, mayFound);
  if (isEnsembleState(value)) return value;
  throw new OperatorError("FILE_ACCESS", `${file}: expected what 'ensemble up' has written`);
}

/** Writes the state so that a crash leaves the old or the new one. @throws OperatorError */
export function writeEnsembleState(file: string, state: EnsembleState): void {
  writeTextAtomically(file, `${JSON.stringify(state, null, 2)}\n`);
}

/** The state before anything was made. */
export function newEnsembleState(namespace: string, name: string): EnsembleState {
  return {
    version: 2,
    namespace,
    name,
    phase: null,
    founders: [],
    ensembleUid: null,
    sizes: { members: 0, observers: 0 },
    membership: null,
    members: [],
  };
}

/** It forms still, if a permission to is left: servers use it up at their first start. */
function upgrade(first: FirstState, mayFound: (sid: number) => boolean): EnsembleState {
  const { namespace, name, members, ensembleId, bootstrappedReplicas } = first;
  const state = { ...newEnsembleState(namespace, name), ensembleUid: ensembleId ?? null };
  if (bootstrappedReplicas === null) return { ...state, members };
  const founders = members.map(({ id }) => id).filter(mayFound);
  const phase = founders.length > 0 ? "Forming" : "Running";
  const sizes = { members: bootstrappedReplicas, observers: 0 };
  return { ...state, members, founders, phase, sizes };
}

type Fields<T> = Partial<Record<keyof T, unknown>>;

function isFirstState(value: unknown): value is FirstState {
  if (!isRecord(value)) return false;
  const { version, name, namespace, ...rest } = value as Fields<FirstState>;
  return (
    version === 1 &&
    typeof name === "string" &&
    typeof namespace === "string" &&
    (rest.ensembleId === undefined || typeof rest.ensembleId === "string") &&
    (rest.bootstrappedReplicas === null || isCount(rest.bootstrappedReplicas)) &&
    isPortsList(rest.members)
  );
}

function isEnsembleState(value: unknown): value is EnsembleState {
  if (!isRecord(value)) return false;
  const { version, name, namespace, phase, ...rest } = value as Fields<EnsembleState>;
  return (
    version === 2 &&
    typeof name === "string" &&
    typeof namespace === "string" &&
    (phase === null || phase === "Forming" || phase === "Running") &&
    (rest.ensembleUid === null || typeof rest.ensembleUid === "string") &&
    isIds(rest.founders) &&
    isSizes(rest.sizes) &&
    (rest.membership === null || isMembership(rest.membership)) &&
    isPortsList(rest.members)
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isIds(value: unknown): boolean {
  return Array.isArray(value) && value.every(isCount);
}

function isSizes(value: unknown): boolean {
  return isRecord(value) && isCount(value["members"]) && isCount(value["observers"]);
}

function isMembership(value: unknown): boolean {
  return isRecord(value) && isIds(value["voters"]) && isIds(value["observers"]);
}

function isPortsList(value: unknown): value is RecordedPorts[] {
  if (!Array.isArray(value)) return false;
  const ids = value.map((ports) => (isRecord(ports) ? ports["id"] : null));
  return value.every(isPorts) && new Set(ids).size === ids.length;
}

function isPorts(value: unknown): value is RecordedPorts {
  if (!isRecord(value)) return false;
  const { id, clientPort, quorumPort, electionPort, adminPort = 0 } = value;
  return [id, clientPort, quorumPort, electionPort, adminPort].every(isCount);
}

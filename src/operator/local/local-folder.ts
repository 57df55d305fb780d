/**
 * The folder of a local ensemble while it is managed by this process: locked, with the ports
 * chosen and free, with what is written down about the ensemble, and with the data of its members.
 * Opening it either succeeds or leaves no trace.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { assertDefined } from "../../base/index.ts";
import type { Ensemble } from "../api/index.ts";
import { OperatorError } from "../operator-error.ts";
import type { ObservedClaim } from "../plan/ensemble-observed.ts";
import { sidsOf } from "../plan/ensemble-view.ts";
import { newEnsembleState, readEnsembleState, writeEnsembleState } from "./ensemble-state.ts";
import type { EnsembleState } from "./ensemble-state.ts";
import { createFolder, errorCode, fileError } from "./files.ts";
import { lockFolder } from "./folder-lock.ts";
import type { FolderLock } from "./folder-lock.ts";
import { LOCAL_HOST, memberPaths } from "./member-files.ts";
import type { MemberPaths } from "./member-files.ts";
import { choosePorts } from "./ports.ts";
import type { MemberPorts, PortChoice, RecordedPorts } from "./ports.ts";

/** What a folder is opened for. */
export interface LocalFolderOptions {
  readonly ensemble: Ensemble;
  readonly folder: string;
  readonly clientPortBase: number | null;
  readonly peerPortBase: number | null;
  readonly pid: number;
}

const STATE_FILE = "ensemble.json";
/** How long members of a run that was killed may take to give their ports back. */
const ORPHANS_GONE_MS = 12_000;
const ORPHANS_POLL_MS = 200;

/** A folder that is open. */
export class LocalFolder {
  readonly #options: LocalFolderOptions;
  readonly #lock: FolderLock;
  #state: EnsembleState;
  /** Of all members that run or are about to. */
  readonly #ports = new Map<number, MemberPorts>();

  private constructor(
    options: LocalFolderOptions,
    lock: FolderLock,
    state: EnsembleState,
    ports: readonly MemberPorts[],
  ) {
    this.#options = options;
    this.#lock = lock;
    // What first versions wrote may lack it.
    this.#state = { ...state, ensembleUid: state.ensembleUid ?? randomUUID() };
    this.#keepPorts(ports);
  }

  /** @throws OperatorError FILE_ACCESS, LOCKED, PORT_TAKEN or UNSUPPORTED_CHANGE */
  static async open(options: LocalFolderOptions): Promise<LocalFolder> {
    const { ensemble, folder } = options;
    const { namespace, name } = ensemble.metadata;
    const created = createFolder(folder);
    let lock: FolderLock | null = null;
    try {
      lock = lockFolder(folder, options.pid);
      const recorded = readEnsembleState(join(folder, STATE_FILE), (sid) => {
        return existsSync(memberPaths(folder, sid).initializeFile);
      });
      if (recorded !== null) checkSame(options, recorded);
      const state = recorded ?? newEnsembleState(namespace, name);
      const sizes = state.phase === null ? firstSizes(ensemble) : state.sizes;
      const choice = {
        ...options,
        host: LOCAL_HOST,
        ids: sidsOf(sizes),
        recorded: state.phase === null ? [] : state.members,
      };
      const ports = await choosePortsPatiently(choice, lock.wasStale);
      return new LocalFolder(options, lock, state, ports);
    } catch (error) {
      lock?.release();
      if (created !== null) rmSync(created, { recursive: true, force: true });
      throw error;
    }
  }

  /** What is written down. */
  get state(): EnsembleState {
    return this.#state;
  }

  /** Writes down what is new. @throws OperatorError FILE_ACCESS */
  record(change: Partial<EnsembleState>): void {
    const next = { ...this.#state, ...change };
    writeEnsembleState(join(this.#options.folder, STATE_FILE), next);
    this.#state = next;
  }

  /**
   * Chooses ports for members that are to be added; they are written down with what is next.
   *
   * @throws OperatorError PORT_TAKEN
   */
  async reservePorts(sids: readonly number[]): Promise<void> {
    const ids = sids.filter((sid) => !this.#ports.has(sid));
    if (ids.length === 0) return;
    const { clientPortBase, peerPortBase } = this.#options;
    const recorded = this.#state.members;
    const choice = { host: LOCAL_HOST, ids, recorded, clientPortBase, peerPortBase };
    this.#keepPorts(await choosePorts(choice));
  }

  /** Whether ports were chosen for a member. */
  hasPorts(sid: number): boolean {
    return this.#ports.has(sid);
  }

  /** The ports of a member that has some. */
  portsOf(sid: number): MemberPorts {
    return assertDefined(this.#ports.get(sid), "Ports are chosen before anybody asks for them");
  }

  pathsOf(sid: number): MemberPaths {
    return memberPaths(this.#options.folder, sid);
  }

  /**
   * The data folders of all members that there are or were, in the place of volume claims. What
   * is written down lies beside them, so that they need no marks to say whose they are.
   */
  findClaims(): Map<number, ObservedClaim> {
    const { phase, ensembleUid } = this.#state;
    const mark = phase === null ? null : ensembleUid;
    const names = readdirSync(this.#options.folder);
    const claims = names.flatMap((name): [number, ObservedClaim][] => {
      const sid = Number(/^member-([1-9][0-9]{0,3})$/u.exec(name)?.[1] ?? 0);
      const uid = sid === 0 ? null : inodeOf(this.pathsOf(sid).dataFolder);
      if (uid === null) return [];
      const claim = {
        name: join(name, "data"),
        uid,
        state: "bound",
        growth: "none",
        firstSid: 1,
      } as const;
      return [[sid, { ...claim, ensembleUid: mark }]];
    });
    return new Map(claims);
  }

  /** Deletes the data of a member that is the one of `uid` still. @throws OperatorError */
  async deleteClaim(sid: number, uid: string): Promise<void> {
    const { dataFolder } = this.pathsOf(sid);
    if (inodeOf(dataFolder) !== uid) return;
    try {
      await rm(dataFolder, { recursive: true, force: true });
    } catch (error) {
      throw fileError("delete", dataFolder, error);
    }
  }

  /** Gives the folder back. */
  close(): void {
    this.#lock.release();
  }

  #keepPorts(ports: readonly MemberPorts[]): void {
    for (const one of ports) this.#ports.set(one.id, one);
    const all = new Map<number, RecordedPorts>(this.#state.members.map((one) => [one.id, one]));
    for (const one of ports) all.set(one.id, one);
    const members = [...all.values()].sort((a, b) => a.id - b.id);
    this.#state = { ...this.#state, members };
  }
}

/** What tells a folder from another one that is there later. */
function inodeOf(folder: string): string | null {
  try {
    return String(statSync(folder).ino);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw fileError("read", folder, error);
  }
}

/** Those of an ensemble that begins. */
function firstSizes({ spec }: Ensemble): EnsembleState["sizes"] {
  return { members: spec.replicas, observers: 0 };
}

function checkSame(options: LocalFolderOptions, recorded: EnsembleState): void {
  const { ensemble, folder, clientPortBase, peerPortBase } = options;
  const { name, namespace } = ensemble.metadata;
  if (recorded.name !== name || recorded.namespace !== namespace) {
    throw new OperatorError(
      "UNSUPPORTED_CHANGE",
      `Cannot use ${folder}: it has the data of ensemble ` +
        `'${recorded.namespace}/${recorded.name}', not of '${namespace}/${name}'`,
    );
  }
  const [first] = recorded.members;
  if (first === undefined || recorded.phase === null) return;
  for (const [flag, base, port] of [
    ["--client-port-base", clientPortBase, first.clientPort],
    ["--peer-port-base", peerPortBase, first.quorumPort],
  ] as const) {
    if (base === null || base === 0 || base === port) continue;
    throw new OperatorError(
      "UNSUPPORTED_CHANGE",
      `${flag}: expected ${String(port)}, as the members keep their ports, found ${String(base)}`,
    );
  }
}

/** After a run that was killed, its members notice and stop; their ports come free soon. */
async function choosePortsPatiently(
  choice: PortChoice,
  isAfterKill: boolean,
): Promise<MemberPorts[]> {
  let remainingMs = isAfterKill ? ORPHANS_GONE_MS : 0;
  for (;;) {
    try {
      return await choosePorts(choice);
    } catch (error) {
      const isTaken = error instanceof OperatorError && error.code === "PORT_TAKEN";
      if (!isTaken || remainingMs <= 0) throw error;
    }
    remainingMs -= ORPHANS_POLL_MS;
    await new Promise((resolve) => setTimeout(resolve, ORPHANS_POLL_MS));
  }
}

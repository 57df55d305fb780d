/**
 * The folder of a local ensemble while it is managed by this process: locked, with the ports
 * chosen and free, and with the record of what it was made with. Opening it either succeeds or
 * leaves no trace.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Ensemble } from "../api/index.ts";
import { OperatorError } from "../operator-error.ts";
import { readEnsembleState, writeEnsembleState } from "./ensemble-state.ts";
import type { EnsembleState } from "./ensemble-state.ts";
import { createFolder, writeTextAtomically } from "./files.ts";
import { lockFolder } from "./folder-lock.ts";
import type { FolderLock } from "./folder-lock.ts";
import { LOCAL_HOST, memberPaths, renderMemberConfig } from "./member-files.ts";
import type { MemberPaths } from "./member-files.ts";
import { choosePorts } from "./ports.ts";
import type { MemberPorts, PortChoice } from "./ports.ts";

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
  /** The ports of all members, by ascending id. */
  readonly ports: readonly MemberPorts[];
  readonly #options: LocalFolderOptions;
  readonly #lock: FolderLock;
  #state: EnsembleState & { readonly ensembleId: string };
  #isRecorded = false;

  private constructor(
    options: LocalFolderOptions,
    lock: FolderLock,
    recorded: EnsembleState | null,
    ports: readonly MemberPorts[],
  ) {
    this.#options = options;
    this.#lock = lock;
    this.ports = ports;
    this.#state = {
      version: 1,
      ...options.ensemble.metadata,
      ensembleId: recorded?.ensembleId ?? randomUUID(),
      bootstrappedReplicas: recorded?.bootstrappedReplicas ?? null,
      members: ports,
    };
  }

  /** @throws OperatorError FILE_ACCESS, LOCKED, PORT_TAKEN or UNSUPPORTED_CHANGE */
  static async open(options: LocalFolderOptions): Promise<LocalFolder> {
    const { ensemble, folder } = options;
    const created = createFolder(folder);
    let lock: FolderLock | null = null;
    try {
      lock = lockFolder(folder, options.pid);
      const recorded = readEnsembleState(join(folder, STATE_FILE));
      checkSame(ensemble, recorded, folder);
      const ports = await choosePortsPatiently(
        { ...options, host: LOCAL_HOST, recorded: recorded?.members ?? [] },
        ensemble.spec.replicas,
        lock.wasStale,
      );
      return new LocalFolder(options, lock, recorded, ports);
    } catch (error) {
      lock?.release();
      if (created !== null) rmSync(created, { recursive: true, force: true });
      throw error;
    }
  }

  /** Number of members that the data was made for; null when there is none yet. */
  get bootstrappedReplicas(): number | null {
    return this.#state.bootstrappedReplicas;
  }

  pathsOf(id: number): MemberPaths {
    return memberPaths(this.#options.folder, id);
  }

  /** The `zoo.cfg` that member `id` should have. */
  renderConfig(id: number): string {
    const { ports } = this;
    const { ensembleId } = this.#state;
    const { config } = this.#options.ensemble.spec;
    return renderMemberConfig(this.pathsOf(id), config, { ports, ensembleId });
  }

  /**
   * To be called before a member starts: records the ports and the number of members. The first
   * time, it also lets all members vote with an empty disk, once; a member that loses its disk
   * later has to get the data from the others first.
   *
   * @throws OperatorError FILE_ACCESS
   */
  recordStart(): void {
    if (this.#isRecorded) return;
    if (this.bootstrappedReplicas === null) {
      for (const { id } of this.ports) writeTextAtomically(this.pathsOf(id).initializeFile, "");
    }
    this.#state = { ...this.#state, bootstrappedReplicas: this.ports.length };
    writeEnsembleState(join(this.#options.folder, STATE_FILE), this.#state);
    this.#isRecorded = true;
  }

  /** Gives the folder back. */
  close(): void {
    this.#lock.release();
  }
}

function checkSame(ensemble: Ensemble, recorded: EnsembleState | null, folder: string): void {
  if (recorded === null) return;
  const { name, namespace } = ensemble.metadata;
  if (recorded.name !== name || recorded.namespace !== namespace) {
    throw new OperatorError(
      "UNSUPPORTED_CHANGE",
      `Cannot use ${folder}: it has the data of ensemble ` +
        `'${recorded.namespace}/${recorded.name}', not of '${namespace}/${name}'`,
    );
  }
  const { replicas } = ensemble.spec;
  const made = recorded.bootstrappedReplicas;
  if (made !== null && made !== replicas) {
    throw new OperatorError(
      "UNSUPPORTED_CHANGE",
      `Cannot change spec.replicas from ${String(made)} to ${String(replicas)}: ` +
        `the number of members of an ensemble that has data cannot be changed yet (${folder})`,
    );
  }
}

/** After a run that was killed, its members notice and stop; their ports come free soon. */
async function choosePortsPatiently(
  choice: Omit<PortChoice, "replicas">,
  replicas: number,
  isAfterKill: boolean,
): Promise<MemberPorts[]> {
  let remainingMs = isAfterKill ? ORPHANS_GONE_MS : 0;
  for (;;) {
    try {
      return await choosePorts({ ...choice, replicas });
    } catch (error) {
      const isTaken = error instanceof OperatorError && error.code === "PORT_TAKEN";
      if (!isTaken || remainingMs <= 0) throw error;
    }
    remainingMs -= ORPHANS_POLL_MS;
    await new Promise((resolve) => setTimeout(resolve, ORPHANS_POLL_MS));
  }
}

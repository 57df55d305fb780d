/**
 * One member of a local ensemble: its process, and what is known of it. It does what it is told
 * and never decides anything. What a pod is to Kubernetes, a process is here: one that failed and
 * waits to be started again is the same pod still.
 */
import type { Clock } from "../../base/index.ts";
import type { ObservedPod, ObservedReport } from "../plan/ensemble-observed.ts";
import type { ObservedProcess } from "../plan/index.ts";
import { hashText } from "../../base/index.ts";
import { withoutLiveSettings } from "../member-settings.ts";
import { createFolder, readTextIfExists } from "./files.ts";
import { LOCAL_HOST } from "./member-files.ts";
import type { MemberPaths } from "./member-files.ts";
import { MemberProcess, lastConsoleLine } from "./member-process.ts";
import type { ProcessEnd, ServerCommand } from "./member-process.ts";
import type { MemberPorts } from "./ports.ts";

/** What a member says that it is. */
export type ReportedRole = ObservedReport["role"];

/** What happened to a member. */
export type MemberEvent =
  | { readonly kind: "memberStarted"; readonly id: number; readonly pid: number | null }
  | { readonly kind: "memberStopping"; readonly id: number }
  | { readonly kind: "memberStopped"; readonly id: number }
  /** It ended without being asked to. */
  | ({ readonly kind: "memberFailed"; readonly id: number } & ProcessEnd)
  | { readonly kind: "roleChanged"; readonly id: number; readonly role: ReportedRole };

/** A member as a user sees it. */
export interface MemberReport {
  readonly id: number;
  readonly role: ReportedRole;
  /** Host and port for clients. */
  readonly clientAddress: string;
  /** Host and port of its admin server, for commands and probes over HTTP. */
  readonly adminAddress: string;
  readonly pid: number | null;
  readonly logFile: string;
}

/** What a member is made from. */
export interface LocalMemberOptions {
  readonly ports: MemberPorts;
  readonly paths: MemberPaths;
  readonly server: ServerCommand;
  readonly clock: Clock;
  readonly onEvent: (event: MemberEvent) => void;
}

/** Time of service after which earlier failures are forgotten. */
const STABLE_MS = 10_000;

/** One member. */
export class LocalMember {
  readonly #options: LocalMemberOptions;
  #process: MemberProcess | null = null;
  /** Counts the pods that it would have been. */
  #uid = 0;
  /** Of the settings that its process was started with, those that take a restart. */
  #settings: string | null = null;
  #role: ReportedRole = "none";
  #failures = 0;
  #changedAtMs: number | null = null;
  #servingSinceMs: number | null = null;

  constructor(options: LocalMemberOptions) {
    this.#options = options;
  }

  /** Tells its process of today from that of tomorrow. */
  get uid(): string {
    return String(this.#uid);
  }

  get isRunning(): boolean {
    return this.#process?.isStopping === false;
  }

  /** Its process for the planner of processes. */
  observeProcess(isWanted: boolean, nowMs: number): ObservedProcess {
    if (this.#servingSinceMs !== null && nowMs - this.#servingSinceMs >= STABLE_MS) {
      this.#failures = 0;
    }
    const { id } = this.#options.ports;
    return {
      sid: id,
      isWanted,
      state: this.#process === null ? "stopped" : this.isRunning ? "running" : "stopping",
      isLeading: this.#role === "leader",
      failures: this.#failures,
      changedAtMs: this.#changedAtMs,
    };
  }

  /** Its process for the planner of ensembles; null when there is none and is to be none. */
  observePod(isWanted: boolean, report: ObservedReport | null): ObservedPod | null {
    if (this.#process === null && !isWanted) return null;
    const isGone = this.#process === null;
    return {
      uid: this.uid,
      state: isGone ? "pending" : this.isRunning ? "running" : "terminating",
      isCurrent: this.#settings === null || this.#settings === restartPartOf(this.#readSettings()),
      isReady: report?.isSynced === true,
      restarts: this.#failures,
      // What fails is started again for ever: a new process would be the same as the old one.
      trouble: null,
    };
  }

  /** Stands for the settings that it is to have; undefined if there are none. */
  get settingsDigest(): string | undefined {
    const text = this.#readSettings();
    return text === null ? undefined : hashText(text);
  }

  /** Its state for the user. */
  report(): MemberReport {
    const { ports, paths } = this.#options;
    return {
      id: ports.id,
      role: this.#role,
      clientAddress: `${LOCAL_HOST}:${String(ports.clientPort)}`,
      adminAddress: `${LOCAL_HOST}:${String(ports.adminPort)}`,
      pid: this.#process?.pid ?? null,
      logFile: paths.logFile,
    };
  }

  /** What it printed last before it failed; null when it has not failed, or was silent. */
  lastWords(): string | null {
    return this.#failures === 0 ? null : lastConsoleLine(this.#options.paths.consoleFile);
  }

  /** Starts its process with the files that are there. @throws OperatorError FILE_ACCESS */
  start(): void {
    const { ports, paths, server, onEvent } = this.#options;
    // One whose disk was lost begins with an empty one, without a vote.
    createFolder(paths.dataFolder);
    this.#settings = restartPartOf(this.#readSettings());
    this.#uid += 1;
    const started = new MemberProcess(server, paths, (end) => this.#onEnd(end));
    this.#process = started;
    onEvent({ kind: "memberStarted", id: ports.id, pid: started.pid });
  }

  /** Asks its process to end. */
  stop(): void {
    this.#process?.stop();
    this.#changedAtMs = this.#options.clock.monotonicMs();
    this.#options.onEvent({ kind: "memberStopping", id: this.#options.ports.id });
  }

  /** Ends its process at once. */
  kill(): void {
    this.#process?.kill();
    // A killed process gets another grace period, as the kernel may need a moment.
    this.#changedAtMs = this.#options.clock.monotonicMs();
  }

  /** Has its process make place for a new one, which need not pause for the failures of the old. */
  replace(): void {
    this.#failures = 0;
    if (this.isRunning) this.stop();
  }

  /** Takes note of what the process of `uid` said, or did not. */
  heard(uid: string, role: ReportedRole): void {
    if (uid !== this.uid || !this.isRunning || role === this.#role) return;
    this.#role = role;
    const { ports, clock, onEvent } = this.#options;
    this.#servingSinceMs = role === "none" ? null : clock.monotonicMs();
    onEvent({ kind: "roleChanged", id: ports.id, role });
  }

  #readSettings(): string | null {
    return readTextIfExists(this.#options.paths.settingsFile);
  }

  #onEnd(end: ProcessEnd): void {
    const { ports, clock, onEvent } = this.#options;
    const wasStopping = this.#process?.isStopping ?? false;
    this.#process = null;
    this.#role = "none";
    this.#servingSinceMs = null;
    this.#changedAtMs = clock.monotonicMs();
    if (wasStopping) {
      onEvent({ kind: "memberStopped", id: ports.id });
      return;
    }
    this.#failures += 1;
    onEvent({ kind: "memberFailed", id: ports.id, ...end });
  }
}

function restartPartOf(settings: string | null): string | null {
  return settings === null ? null : withoutLiveSettings(settings);
}

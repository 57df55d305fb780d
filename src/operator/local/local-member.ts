/**
 * One member of a local ensemble: its files, its process, and what is known of it. It does what
 * it is told and never decides anything; the planner does, from what `observe()` returns.
 */
import type { Clock } from "../../base/index.ts";
import type { MemberRole, ObservedMember } from "../plan/index.ts";
import { createFolder, readTextIfExists, writeTextAtomically } from "./files.ts";
import { LOCAL_HOST } from "./member-files.ts";
import type { MemberPaths } from "./member-files.ts";
import { MemberProcess, lastConsoleLine } from "./member-process.ts";
import type { ProcessEnd, ServerCommand } from "./member-process.ts";
import type { MemberPorts } from "./ports.ts";
import { askRole } from "./srvr.ts";

/** What happened to a member. */
export type MemberEvent =
  | { readonly kind: "memberStarted"; readonly id: number; readonly pid: number | null }
  | { readonly kind: "memberStopping"; readonly id: number }
  | { readonly kind: "memberStopped"; readonly id: number }
  /** It ended without being asked to. */
  | ({ readonly kind: "memberFailed"; readonly id: number } & ProcessEnd)
  | { readonly kind: "roleChanged"; readonly id: number; readonly role: MemberRole };

/** A member as a user sees it. */
export interface MemberReport {
  readonly id: number;
  readonly role: MemberRole;
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
  /** The `zoo.cfg` that it should have. */
  readonly configText: string;
  readonly server: ServerCommand;
  readonly clock: Clock;
  readonly onEvent: (event: MemberEvent) => void;
}

const PROBE_TIMEOUT_MS = 1000;
/** Time of service after which earlier failures are forgotten. */
const STABLE_MS = 10_000;

/** One member. */
export class LocalMember {
  readonly #options: LocalMemberOptions;
  #process: MemberProcess | null = null;
  #role: MemberRole = "none";
  #failures = 0;
  #changedAtMs: number | null = null;
  #servingSinceMs: number | null = null;

  constructor(options: LocalMemberOptions) {
    this.#options = options;
  }

  /** Its state for the planner. */
  observe(nowMs: number): ObservedMember {
    if (this.#servingSinceMs !== null && nowMs - this.#servingSinceMs >= STABLE_MS) {
      this.#failures = 0;
    }
    const isGone = this.#process === null;
    return {
      id: this.#options.ports.id,
      configured: !isGone || this.#isConfigured(),
      process: isGone ? "stopped" : this.#process?.isStopping ? "stopping" : "running",
      role: this.#role,
      failures: this.#failures,
      changedAtMs: this.#changedAtMs,
    };
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

  /** Writes `zoo.cfg` and `myid`. @throws OperatorError FILE_ACCESS */
  writeConfig(): void {
    const { paths, ports, configText } = this.#options;
    createFolder(paths.dataFolder);
    writeTextAtomically(paths.myIdFile, `${String(ports.id)}\n`);
    writeTextAtomically(paths.configFile, configText);
  }

  /** Starts its process. @throws OperatorError FILE_ACCESS */
  start(): void {
    const { ports, paths, server, onEvent } = this.#options;
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

  /** Asks it for its role. */
  async probe(): Promise<void> {
    const asked = this.#process;
    if (asked === null || asked.isStopping) return;
    const port = this.#options.ports.clientPort;
    const role = await askRole({ host: LOCAL_HOST, port, timeoutMs: PROBE_TIMEOUT_MS });
    // The answer counts only if it came from the process that still runs.
    if (this.#process === asked) this.#setRole(role);
  }

  #isConfigured(): boolean {
    const { paths, ports, configText } = this.#options;
    return (
      readTextIfExists(paths.configFile) === configText &&
      readTextIfExists(paths.myIdFile)?.trim() === String(ports.id)
    );
  }

  #setRole(role: MemberRole): void {
    if (role === this.#role) return;
    this.#role = role;
    const { ports, clock, onEvent } = this.#options;
    this.#servingSinceMs = role === "none" ? null : clock.monotonicMs();
    onEvent({ kind: "roleChanged", id: ports.id, role });
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

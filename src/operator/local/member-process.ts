/**
 * One member's process: started, asked to stop, killed, and reported when it ends. It runs in a
 * session of its own, so that Ctrl-C on the terminal reaches only `ensemble up`, which then stops
 * the members in order. Its standard input is a pipe that nobody writes to: when `ensemble up`
 * itself is killed the pipe closes, and the member, started with `--stop-on-stdin-end`, stops.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { podName } from "../desired/member-names.ts";
import { fileError, readTextIfExists } from "./files.ts";
import type { MemberPaths } from "./member-files.ts";

/** How member processes are started. */
export interface ServerCommand {
  /** Program and first arguments, up to the command's name; its options are appended. */
  readonly command: readonly string[];
  /** The whole environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a process ended: one of the two is null. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** A process that has been started. */
export class MemberProcess {
  readonly #child: ChildProcess;
  /** Whether it was asked to stop, so that its end is no failure. */
  #isStopping = false;

  /**
   * Starts the server with the files in `paths`.
   *
   * @param onEnd - called once, when the process is gone or could not be started.
   * @throws OperatorError FILE_ACCESS when its console file cannot be written.
   */
  constructor(server: ServerCommand, paths: MemberPaths, onEnd: (end: ProcessEnd) => void) {
    const [program = "", ...args] = server.command;
    const options = ["--config", paths.folder, "--name", podNameOf(paths.id)];
    options.push("--log-file", paths.logFile, "--stop-on-stdin-end");
    const consoleFile = openConsole(paths.consoleFile);
    try {
      this.#child = spawn(program, [...args, ...options], {
        cwd: paths.folder,
        env: { ...server.env },
        detached: true,
        stdio: ["pipe", consoleFile, consoleFile],
      });
    } finally {
      closeSync(consoleFile);
    }
    let hasEnded = false;
    const end = (exitCode: number | null, signal: string | null): void => {
      if (hasEnded) return;
      hasEnded = true;
      onEnd({ exitCode, signal });
    };
    // The pipe breaks when the process ends first; its end is reported by "exit".
    this.#child.stdin?.on("error", () => undefined);
    this.#child.once("error", () => end(null, null));
    this.#child.once("exit", end);
  }

  /** The process id; null when the process could not be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Asks the process to end in order. */
  stop(): void {
    this.#isStopping = true;
    this.#child.kill("SIGTERM");
  }

  /** Ends the process at once. */
  kill(): void {
    this.#isStopping = true;
    this.#child.kill("SIGKILL");
  }
}

/** The last line that a member's process has printed; null when it has printed nothing. */
export function lastConsoleLine(consoleFile: string): string | null {
  const lines = (readTextIfExists(consoleFile) ?? "").split(/\r?\n/u);
  return lines.findLast((line) => line.trim() !== "") ?? null;
}

/** The name of a pod with this id, whatever the ensemble is called. */
function podNameOf(id: number): string {
  return podName({ metadata: { name: "member", namespace: "local" } }, id);
}

function openConsole(file: string): number {
  try {
    return openSync(file, "w");
  } catch (error) {
    throw fileError("write", file, error);
  }
}

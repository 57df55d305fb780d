/**
 * A server (ours or Apache's) as a child process with its output in a file: start, wait until it
 * serves, stop politely, kill. Knows nothing of what the command is. Every process started here is
 * remembered until it exits and is killed, by its pid, when this process exits for any reason that
 * still runs exit handlers, so a failing test or benchmark leaves no server behind.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { askServerMode } from "./four-letter-word.ts";
import type { ServerMode } from "./four-letter-word.ts";

/** What to run. */
export interface ServerCommand {
  /** Short name for messages, for example "apache-1". */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Working directory; the log is written here as `<name>.log`, appended over restarts. */
  readonly folder: string;
  /** Where it will serve clients, on 127.0.0.1. */
  readonly clientPort: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A started server. */
export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  readonly clientPort: number;
  /** File with everything that it wrote to standard output and standard error. */
  readonly logPath: string;
  /** Resolves when the process has ended, with its exit code or signal. Never rejects. */
  readonly exited: Promise<string>;
  /** Whether the process has ended. */
  hasExited(): boolean;
  /** SIGTERM, then SIGKILL when it is still there after `timeoutMs` (default 15 s). */
  stop(timeoutMs?: number): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

const POLL_MS = 50;
const LOG_TAIL_CHARACTERS = 3_000;
const livePids = new Set<number>();
let exitHandlerInstalled = false;

/** Starts `command` and returns at once; see {@link waitUntilServing}. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const logPath = path.join(command.folder, `${command.name}.log`);
  const log = openSync(logPath, "a");
  const child = spawn(command.file, command.args, {
    cwd: command.folder,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended = false;
  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      ended = true;
      livePids.delete(child.pid ?? 0);
      resolve(signal ?? `exit code ${code}`);
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("error", (error) => {
      reject(new Error(`Cannot start ${command.name} (${command.file})`, { cause: error }));
    });
    child.once("spawn", () => {
      resolve(child.pid ?? 0);
    });
  });
  if (!ended) {
    remember(pid);
  }
  return {
    name: command.name,
    pid,
    clientPort: command.clientPort,
    logPath,
    exited,
    hasExited: () => ended,
    stop: async (timeoutMs = 15_000) => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      await exited;
      clearTimeout(timer);
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/**
 * Waits until every one of `servers` answers `srvr` with a mode; returns the modes in order.
 * @throws Error with the end of the log when one exits first or `timeoutMs` passes.
 */
export async function waitUntilServing(
  servers: readonly ServerProcess[],
  timeoutMs = 60_000,
): Promise<ServerMode[]> {
  const deadlineMs = performance.now() + timeoutMs;
  const modes: ServerMode[] = [];
  for (const server of servers) {
    let mode: ServerMode | undefined;
    while (mode === undefined) {
      if (server.hasExited()) {
        throw new Error(
          `Server ${server.name} ended (${await server.exited}) before it served; ` +
            (await describeLog(server)),
        );
      }
      if (performance.now() > deadlineMs) {
        throw new Error(
          `Server ${server.name} does not serve clients after ${timeoutMs} ms; ` +
            (await describeLog(server)),
        );
      }
      mode = await askServerMode("127.0.0.1", server.clientPort);
      if (mode === undefined) {
        await sleep(POLL_MS);
      }
    }
    modes.push(mode);
  }
  return modes;
}

/** Kills, by pid, every server started here that is still running. For exit and signal handlers. */
export function killAllServers(): void {
  for (const pid of livePids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone between our look and the signal: what was wanted.
    }
  }
}

function remember(pid: number): void {
  if (!exitHandlerInstalled) {
    exitHandlerInstalled = true;
    process.on("exit", killAllServers);
  }
  livePids.add(pid);
}

async function describeLog(server: ServerProcess): Promise<string> {
  const text = await readFile(server.logPath, "utf8");
  return `the end of ${server.logPath}:\n${text.slice(-LOG_TAIL_CHARACTERS)}`;
}

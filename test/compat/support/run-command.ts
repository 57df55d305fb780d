/**
 * Runs one external command to its end and captures what it printed. For short-lived commands
 * (Maven, pip, a Python script, zkCli); servers are started by `server-process.ts`.
 */
import { execFile } from "node:child_process";

/** What a finished command printed, and its exit code. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** How {@link runCommand} runs a command. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command is killed after this long. @default 60000 */
  readonly timeoutMs?: number;
  /** Return a non-zero exit code instead of throwing. @default false */
  readonly allowFailure?: boolean;
  /** Everything the command can read from its standard input. @default nothing */
  readonly input?: string;
}

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const MESSAGE_TAIL_CHARACTERS = 2_000;

/**
 * Runs `file` with `args` (no shell in between).
 * @throws Error with the command line and the end of its output when it cannot be started, times
 * out, or (unless `allowFailure`) exits with another code than 0.
 */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { cwd, env, timeoutMs = 60_000, allowFailure = false, input = "" } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      {
        ...(cwd === undefined ? {} : { cwd }),
        env: { ...process.env, ...env },
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: OUTPUT_BYTES_MAX,
      },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : error.code;
        if (typeof exitCode === "number" && (exitCode === 0 || allowFailure)) {
          resolve({ stdout, stderr, exitCode });
          return;
        }
        const why = error?.killed === true ? `killed after ${timeoutMs} ms` : `exit ${exitCode}`;
        const tail = `${stdout}\n${stderr}`.trim().slice(-MESSAGE_TAIL_CHARACTERS);
        reject(new Error(`Cannot run "${file} ${args.join(" ")}": ${why}\n${tail}`));
      },
    );
    // A command that ends without reading its input is in order; its exit code says the rest.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

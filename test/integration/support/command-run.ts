/**
 * The `ensemble` command as a user runs it: its own process, what it prints, and how it ends. It is
 * stopped when the test that has started it is over.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const ENTRY = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));

/** Flags of `ensemble up` for ports that happen to be free. */
export const ANY_PORTS = ["--client-port-base", "0", "--peer-port-base", "0"];

/** A line of the table. */
export interface ShownMember {
  readonly id: number;
  readonly role: string;
  readonly port: number;
  readonly adminPort: number;
  readonly pid: number;
}

/** One run of the command. */
export class CommandRun {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  output = "";
  #listen: () => void = () => undefined;

  constructor(folder: string, ...args: string[]) {
    this.child = spawn(process.execPath, [ENTRY, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.exit = new Promise((resolve) => this.child.once("close", resolve));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString();
        this.#listen();
      });
    }
    void this.exit.then(() => this.#listen());
    onTestFinished(async () => {
      this.child.kill("SIGTERM");
      await this.exit;
    });
  }

  static up(folder: string, ...flags: string[]): CommandRun {
    return new CommandRun(folder, "up", "e.yaml", ...flags);
  }

  /** Waits until the output from `from` on matches, and returns the match. */
  async match(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.output.slice(from));
      if (found !== null) return found;
      if (this.child.exitCode !== null) throw new Error(`Ended without a match: ${this.output}`);
      await new Promise<void>((resolve) => (this.#listen = resolve));
    }
  }

  /** The members in the table that was printed last, which is awaited from `from` on. */
  async members(from = 0): Promise<ShownMember[]> {
    await this.match(/^Connection string: .*\n/mu, from);
    const table = this.output.slice(this.output.lastIndexOf("\nID "));
    return [
      ...table.matchAll(/^(\d+) +(\w+) +127\.0\.0\.1:(\d+) +127\.0\.0\.1:(\d+) +(\d+)$/gmu),
    ].map(([, id, role, port, adminPort, pid]) => ({
      id: Number(id),
      role: String(role),
      port: Number(port),
      adminPort: Number(adminPort),
      pid: Number(pid),
    }));
  }
}

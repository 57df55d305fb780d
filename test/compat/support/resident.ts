/**
 * The application that stays while servers are replaced: `kazoo/resident.py` as a process that is
 * told when to end and then says what became of its sessions, lock, watch and writes.
 */
import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installKazoo } from "./kazoo.ts";

/** What it reports when nothing but short interruptions has reached it. */
export const untouched = {
  lost: 0,
  same_sessions: true,
  same_owner: true,
  lock_held: true,
  lock_passed_on: true,
  missing: 0,
  watched_backwards: false,
} as const;

const SCRIPT = fileURLToPath(new URL("../kazoo/resident.py", import.meta.url));

export class Resident {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  #stdout = "";
  #stderr = "";

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.#ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** Resolves when its sessions are there and it holds what it wants to hold. */
  static async start(connectString: string): Promise<Resident> {
    const { python } = await installKazoo();
    // -B: no compiled files beside the sources.
    const resident = new Resident(spawn(python, ["-B", SCRIPT, connectString]));
    await Promise.race([
      resident.#ended,
      new Promise((resolve) => resident.#child.stdout.once("data", resolve)),
    ]);
    if (!resident.#stdout.startsWith("ready")) throw resident.#failure("is not ready");
    return resident;
  }

  /** Ends it; what it has to say. */
  async finish(): Promise<Readonly<Record<string, unknown>>> {
    this.#child.stdin.end();
    await this.#ended;
    const report = /^\{.*\}$/mu.exec(this.#stdout)?.[0];
    if (report === undefined) throw this.#failure("has no report");
    return JSON.parse(report) as Record<string, unknown>;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #failure(what: string): Error {
    return new Error(`The resident ${what}: ${this.#stdout}\n${this.#stderr}`);
  }
}

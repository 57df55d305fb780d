/**
 * Servers of one ensemble where each may be ours or Apache's, and may become the other: the same
 * folder and `zoo.cfg`, another program. Laid out once, then started, stopped and killed one by
 * one; members are named by their id (1, 2, …).
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freezeProcess } from "../../support/freeze-process.ts";
import { startApacheServer } from "./apache-zookeeper.ts";
import { startEnsembleServer } from "./ensemble-server.ts";
import { askServerMode } from "./four-letter-word.ts";
import { connectStringOf, layOutEnsemble } from "./member-layout.ts";
import type { MemberLayout, ZooCfg } from "./member-layout.ts";
import { waitUntilServing } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";

/** Whose program runs; "apache" is a release of the 3.9 line. */
export type ServerKind = "apache" | "apache-3.8" | "ensemble";

const serverKinds: readonly ServerKind[] = ["apache", "apache-3.8", "ensemble"];

/** Small heap and quick start: several of them share a test machine with everything else. */
const JVM_FLAGS = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
const POLL_MS = 50;
/** For elections as well: Apache's wait longer after each that came to nothing, on a busy machine. */
const SERVING_TIMEOUT_MS = 90_000;
const COMPLAINT = /"level":"error"| (?:ERROR|FATAL) |digest.* (?:not|mismatch)/iu;
/**
 * What Apache calls an error when somebody who asked `srvr` has closed already, when a learner was
 * killed, or when it is being stopped while it looks for a leader. The next line may say so.
 */
const NOISE = [
  /Error (?:closing a command socket|sending data synchronously)/u,
  /in LearnerHandler(?:: )?\njava\.(?:io\.EOF|net\.Socket)Exception/u,
  /Exception while submitting quorum .*\n\S+\.RejectedExecutionException/u,
];

/** What else there is to say of a group. */
export interface GroupOptions {
  /** For settings that Apache's server does not read from its file. */
  readonly jvmFlags?: readonly string[];
  /** Ids of the members that do not vote. @default none */
  readonly observers?: readonly number[];
  /** Whether server N listens for others at 127.0.0.N. @default false */
  readonly hasOwnAddresses?: boolean;
}

/** A group of servers and their folders, all below one temporary folder. */
export class ServerGroup {
  readonly folder: string;
  readonly members: readonly MemberLayout[];
  readonly #jvmFlags: readonly string[];
  readonly #processes = new Map<number, ServerProcess>();
  readonly #kinds = new Map<number, ServerKind>();

  private constructor(
    folder: string,
    members: readonly MemberLayout[],
    jvmFlags: readonly string[],
  ) {
    this.folder = folder;
    this.members = members;
    this.#jvmFlags = [...JVM_FLAGS, ...jvmFlags];
  }

  /** Makes the folders of `count` servers; nothing is started. */
  static async layOut(
    count: number,
    config: ZooCfg = {},
    { jvmFlags = [], ...layout }: GroupOptions = {},
  ): Promise<ServerGroup> {
    const folder = await mkdtemp(path.join(tmpdir(), "ensemble-compat-"));
    const defaults = { tickTime: 500, "4lw.commands.whitelist": "*", preAllocSize: 1024 };
    const members = await layOutEnsemble(count, {
      baseFolder: folder,
      config: { ...defaults, ...config },
      ...layout,
    });
    return new ServerGroup(folder, members, jvmFlags);
  }

  get connectString(): string {
    return connectStringOf(this.members);
  }

  get ids(): number[] {
    return this.members.map((member) => member.id);
  }

  member(id: number): MemberLayout {
    const member = this.members[id - 1];
    if (member === undefined) throw new RangeError(`No member ${id}`);
    return member;
  }

  /** The connection string of one member alone. */
  addressOf(id: number): string {
    return connectStringOf([this.member(id)]);
  }

  process(id: number): ServerProcess {
    const running = this.#processes.get(id);
    if (running === undefined) throw new Error(`Member ${id} has not been started`);
    return running;
  }

  isRunning(id: number): boolean {
    return this.#processes.get(id)?.hasExited() === false;
  }

  /** What member `id` runs, or ran last. */
  kindOf(id: number): ServerKind | undefined {
    return this.#kinds.get(id);
  }

  /** Starts members as `kind` and waits until all of them serve. */
  async start(kind: ServerKind, ids: readonly number[] = this.ids): Promise<void> {
    for (const id of ids) await this.launch(kind, id);
    await this.untilServing(ids);
  }

  /** Starts one member and returns at once. */
  async launch(kind: ServerKind, id: number): Promise<void> {
    const { folder, zooCfgPath } = this.member(id);
    const options = { name: `${kind}-${id}`, folder, zooCfgPath, wait: false };
    const started =
      kind === "ensemble"
        ? await startEnsembleServer(options)
        : await startApacheServer({
            ...options,
            line: kind === "apache" ? "3.9" : "3.8",
            jvmFlags: this.#jvmFlags,
          });
    this.#processes.set(id, started);
    this.#kinds.set(id, kind);
  }

  /** @throws Error with the end of the log when one ends or does not serve in time. */
  async untilServing(
    ids: readonly number[] = this.ids,
    timeoutMs = SERVING_TIMEOUT_MS,
  ): Promise<void> {
    await waitUntilServing(
      ids.map((id) => this.process(id)),
      timeoutMs,
    );
  }

  /** The id of the member that leads (or stands alone), as soon as one does. */
  async leader(timeoutMs = SERVING_TIMEOUT_MS): Promise<number> {
    const deadlineMs = performance.now() + timeoutMs;
    while (performance.now() < deadlineMs) {
      for (const id of this.ids) {
        if (this.#processes.get(id)?.hasExited() !== false) continue;
        const mode = await askServerMode("127.0.0.1", this.member(id).ports.client);
        if (mode === "leader" || mode === "standalone") return id;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`No member leads after ${timeoutMs} ms`);
  }

  async stop(ids: readonly number[] = this.ids): Promise<void> {
    await Promise.all(this.#started(ids).map((server) => server.stop()));
  }

  /** SIGKILL for members, all at the same time. */
  async kill(ids: readonly number[] = this.ids): Promise<void> {
    await Promise.all(this.#started(ids).map((server) => server.kill()));
  }

  /** SIGSTOP for members: they keep their connections and do nothing. Ends with `kill` only. */
  async pause(ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => freezeProcess(this.process(id).pid)));
  }

  /**
   * What members have logged as an error, or about a tree whose digest is not what it should be,
   * while they ran one of `kinds`: of all members and runs. Apache's servers have more to complain of
   * when they lose a leader, or get a snapshot, while clients write.
   */
  async complaints(kinds: readonly ServerKind[] = serverKinds): Promise<string[]> {
    const complaints: string[] = [];
    for (const id of this.ids) {
      for (const kind of kinds) {
        const lines = (await this.log(kind, id)).split("\n");
        for (const [at, line] of lines.entries()) {
          if (!COMPLAINT.test(line) || isNoise(lines, at)) continue;
          const next = lines[at + 1] ?? "";
          // What was thrown stands on the next line, which is no record then.
          const isThrown = next !== "" && !/^(?:\d{4}-|\{)/u.test(next);
          complaints.push(isThrown ? `${line}\n${next}` : line);
        }
      }
    }
    return complaints;
  }

  /** What member `id` has logged as `kind`, over all its runs; nothing when it never ran. */
  async log(kind: ServerKind, id: number): Promise<string> {
    const file = path.join(this.member(id).folder, `${kind}-${id}.log`);
    return existsSync(file) ? readFile(file, "utf8") : "";
  }

  /** Kills what still runs and removes the folders, unless ENSEMBLE_KEEP_FOLDERS is set. */
  async remove(): Promise<void> {
    await this.kill();
    if (process.env["ENSEMBLE_KEEP_FOLDERS"] === undefined) {
      await rm(this.folder, { recursive: true, force: true });
    } else {
      console.log(`Folders of the servers: ${this.folder}`);
    }
  }

  #started(ids: readonly number[]): ServerProcess[] {
    return ids.flatMap((id) => this.#processes.get(id) ?? []);
  }
}

/** Whether the line at `at` is of {@link NOISE}. */
function isNoise(lines: readonly string[], at: number): boolean {
  const both = lines.slice(at, at + 2).join("\n");
  return NOISE.some((known) => known.test(both));
}

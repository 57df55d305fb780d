/**
 * The configuration as files beside the `zoo.cfg`, in ZooKeeper's manner (3.9 `QuorumPeer`), so
 * that people, tools and ZooKeeper's own server find it where they look for it:
 *
 *     zoo.cfg.dynamic.<version>  the members in force; `dynamicConfigFile` in zoo.cfg names it
 *     zoo.cfg.dynamic.next       proposed members that are not in force yet
 *     zoo.cfg.bak                zoo.cfg as it was while it listed the members itself
 *
 * They are for others: what this server goes by at its next start is `activeConfig` in its data
 * folder, and its log. So a folder that cannot be written, such as a mounted ConfigMap, is no
 * failure: it is said once, and the server goes on. Each file is replaced as a whole.
 *
 * A server that is no member keeps the files that list it, unlike ZooKeeper's: without them it
 * could not start again, to be added or for its clients.
 */
import { realpathSync } from "node:fs";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Logger } from "../../observe/index.ts";
import { Folder, nodeFiles } from "../../storage/index.ts";
import { formatQuorumConfig } from "../../wire/index.ts";
import type { QuorumConfig } from "../../wire/index.ts";
import { editStaticConfig } from "./edit-static-config.ts";

export interface ConfigFilesOptions {
  /** The configuration file, as the user named it. */
  readonly file: string;
  /** Version of the members that this file, or the one that it names, states. */
  readonly statedVersion: bigint;
  readonly sid: bigint;
  readonly logger: Logger;
}

/** What the files are to say. */
interface Known {
  readonly active: QuorumConfig;
  readonly lastSeen: QuorumConfig | undefined;
}

export class ConfigFiles {
  readonly #options: ConfigFilesOptions;
  readonly #written: Partial<Record<"active" | "next", bigint>>;
  #wanted: Known | undefined;
  #work: Promise<void> | undefined;
  #isBackedUp = false;
  #hasComplained = false;

  constructor(options: ConfigFilesOptions) {
    this.#options = options;
    this.#written = { active: options.statedVersion };
  }

  /** Brings the files up to date, by and by. Failures are logged. */
  record(active: QuorumConfig, lastSeen: QuorumConfig | undefined): void {
    this.#wanted = { active, lastSeen };
    this.#work ??= this.#run();
  }

  /** Resolves when there is nothing left to do. */
  async drain(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    for (let known = this.#wanted; known !== undefined; known = this.#wanted) {
      this.#wanted = undefined;
      try {
        await this.#write(known);
      } catch (error) {
        this.#complain(error);
      }
    }
    this.#work = undefined;
  }

  async #write({ active, lastSeen }: Known): Promise<void> {
    // Where the file really is: its name may be a link into a folder of another kind.
    const file = realpathSync(this.#options.file);
    const folder = new Folder(nodeFiles, dirname(file));
    const name = basename(file);
    if (!this.#isBackedUp) await backUp(folder, name);
    this.#isBackedUp = true;
    const isMember = active.servers.has(this.#options.sid);
    if (isMember && active.version > (this.#written.active ?? 0n)) {
      await this.#writeActive(folder, name, active);
      this.#written.active = active.version;
    }
    const next = `${name}.dynamic.next`;
    if (lastSeen === undefined) {
      await folder.remove(next);
    } else if (lastSeen.version !== this.#written.next) {
      await folder.replaceText(next, formatQuorumConfig(lastSeen));
    }
    this.#written.next = lastSeen?.version ?? 0n;
  }

  async #writeActive(folder: Folder, name: string, active: QuorumConfig): Promise<void> {
    const dynamicName = `${name}.dynamic.${active.version.toString(16)}`;
    // Without its version, which is in the name, and sorted as text: so ZooKeeper writes it.
    const lines = formatQuorumConfig(active).split("\n").slice(0, -1).sort();
    await folder.replaceText(dynamicName, lines.join("\n"));
    const text = await readFile(folder.fileOf(name), "utf8");
    const { mode } = await stat(folder.fileOf(name));
    const own = active.servers.get(this.#options.sid);
    const edited = editStaticConfig(text, {
      file: folder.fileOf(name),
      dynamicFile: join(folder.path, dynamicName),
      hasClientAddress: own?.clientAddress !== undefined,
    });
    await replaceSecret(folder, name, { text: edited, mode });
  }

  #complain(error: unknown): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn(
      "Configuration file cannot be written: the members in force are kept in the data folder only",
      { file: this.#options.file, reason },
    );
  }
}

/** Keeps a file that lists the members itself, as it is at the start. */
async function backUp(folder: Folder, name: string): Promise<void> {
  const text = await readFile(folder.fileOf(name), "utf8");
  if (/^\s*dynamicConfigFile/mu.test(text)) return;
  const { mode } = await stat(folder.fileOf(name));
  await replaceSecret(folder, `${name}.bak`, { text, mode });
}

/** Replaces a file that may hold passwords: never, not even half-written, is it open to more. */
async function replaceSecret(
  folder: Folder,
  name: string,
  { text, mode }: { readonly text: string; readonly mode: number },
): Promise<void> {
  const temporary = folder.fileOf(`${name}.tmp`);
  await writeFile(temporary, "", { mode });
  await chmod(temporary, mode);
  await folder.replaceText(name, text);
}

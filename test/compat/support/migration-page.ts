/**
 * The commands of docs/migration.md, run as they stand there: fenced blocks of bash, each with a
 * name behind the language. Only the block "yours", which readers adapt to their machines, is
 * replaced: servers are started and stopped by a {@link ServerGroup}, which the commands reach over
 * a connection of one line each way.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runCommand } from "./run-command.ts";
import type { ServerGroup, ServerKind } from "./server-group.ts";
import { superUser } from "./tree-dump.ts";

const PAGE = fileURLToPath(new URL("../../../docs/migration.md", import.meta.url));
const ENTRY_POINT = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));
const RUN_TIMEOUT_MS = 240_000;

/** How the page calls the programs. */
const kinds: Readonly<Record<string, ServerKind>> = { zookeeper: "apache", ensemble: "ensemble" };

export class MigrationPage {
  /** Ids of the servers that the commands are about. */
  servers: readonly number[];
  readonly #group: ServerGroup;
  readonly #blocks: ReadonlyMap<string, string>;
  readonly #control: Server;
  readonly #names: string;

  private constructor(
    group: ServerGroup,
    servers: readonly number[],
    blocks: ReadonlyMap<string, string>,
    control: Server,
  ) {
    this.#group = group;
    this.servers = servers;
    this.#blocks = blocks;
    this.#control = control;
    this.#names = path.join(group.folder, "bin");
  }

  /** Reads the page, for the servers of `group`, or some of them to begin with. */
  static async open(
    group: ServerGroup,
    servers: readonly number[] = group.ids,
  ): Promise<MigrationPage> {
    const text = await readFile(PAGE, "utf8");
    const found = text.matchAll(/^```bash (\S+)\n(.*?)^```$/gmsu);
    const blocks = new Map(Array.from(found, ([, name = "", commands = ""]) => [name, commands]));
    const control = createServer((socket) => {
      createInterface(socket).once("line", (line) => void obey(group, line, socket));
    });
    await new Promise<void>((resolve) => control.listen(0, "127.0.0.1", resolve));
    const page = new MigrationPage(group, servers, blocks, control);
    await mkdir(page.#names, { recursive: true });
    const program = `#!/bin/sh\nexec "${process.execPath}" "${ENTRY_POINT}" "$@"\n`;
    await writeFile(path.join(page.#names, "ensemble"), program, { mode: 0o755 });
    return page;
  }

  /**
   * Runs blocks of the page, in one shell; returns what they print.
   * @throws Error with the output when a command fails.
   */
  async run(...names: readonly string[]): Promise<string> {
    const commands = ["tools", ...names].map((name) => {
      const block = this.#blocks.get(name);
      if (block === undefined) throw new Error(`docs/migration.md has no block "${name}"`);
      return block;
    });
    const script = ["set -euo pipefail", this.#yours(), ...commands].join("\n");
    const { stdout } = await runCommand("bash", ["-c", script], {
      timeoutMs: RUN_TIMEOUT_MS,
      env: { PATH: `${this.#names}:${process.env["PATH"] ?? ""}` },
    });
    return stdout;
  }

  close(): void {
    this.#control.close();
  }

  /** What the reader of the page writes: here, for servers on this machine. */
  #yours(): string {
    const { port } = this.#control.address() as AddressInfo;
    const { folder, members } = this.#group;
    const clients = members.map(({ id, ports }) => `${id}) echo 127.0.0.1:${ports.client};;`);
    const lines = members.map(({ id, ports: { client, quorum, election } }) => {
      const line = `127.0.0.1:${quorum}:${election}:participant;127.0.0.1:${client}`;
      return `${id}) echo "${line}";;`;
    });
    return `
servers="${this.servers.join(" ")}"
super="${superUser.auth}"
client_of() { case $1 in ${clients.join(" ")} esac; }
line_of() { case $1 in ${lines.join(" ")} esac; }
config_of() { echo "${folder}/server-$1/zoo.cfg"; }
data_of() { echo "${folder}/server-$1/data"; }
logs_of() { data_of "$1"; }
members_of() { echo "${folder}/server-$1/members"; }
on() { bash -c "$2"; }
control() {
  exec 3<>/dev/tcp/127.0.0.1/${port}
  echo "$*" >&3
  [ "$(cat <&3)" = done ]
}
start() { control start "$1" "$2"; }
stop() { control stop "$1" "$2"; }
`;
  }
}

/** Carries out "start ID PROGRAM" or "stop ID PROGRAM". */
async function obey(group: ServerGroup, line: string, socket: Socket): Promise<void> {
  const [verb, id = "", program = ""] = line.split(" ");
  const kind = kinds[program];
  try {
    if (kind === undefined) throw new Error(`No program "${program}"`);
    if (verb === "start") await group.launch(kind, Number(id));
    else await group.stop([Number(id)]);
    socket.end("done\n");
  } catch (error) {
    socket.end(`${String(error)}\n`);
  }
}

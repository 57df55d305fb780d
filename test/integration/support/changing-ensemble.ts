/**
 * An ensemble of real server processes on loopback whose members come and go: each server has a
 * folder and ports from the start, is started with a configuration file of the test's choice, and
 * joins, moves or leaves by reconfiguration. Whoever makes one must dispose of it.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { EnsembleClient } from "../../../src/client/index.ts";
import type { EnsembleConfig, MembershipChange } from "../../../src/client/index.ts";
import { askServerMode } from "../../compat/support/four-letter-word.ts";
import { formatZooCfg } from "../../compat/support/member-layout.ts";
import type { ZooCfg } from "../../compat/support/member-layout.ts";
import { findFreePorts } from "../../compat/support/ports.ts";
import { startServerProcess, waitUntilServing } from "../../compat/support/server-process.ts";
import type { ServerProcess } from "../../compat/support/server-process.ts";
import { eventually } from "./test-ensemble.ts";

const entryPoint = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));
const servingTimeoutMs = 40_000;

const defaultConfig: ZooCfg = {
  tickTime: 500,
  initLimit: 20,
  syncLimit: 8,
  reconfigEnabled: true,
  standaloneEnabled: false,
  skipACL: "yes",
  "4lw.commands.whitelist": "*",
  "admin.enableServer": false,
};

/**
 * Why a reconfiguration is tried again. The answer is lost when the server that is to give it has
 * another leader then; what is asked for may be asked for twice.
 */
const passing = new Set(["newConfigNoQuorum", "reconfigInProgress", "connectionLoss"]);

/** What a line says besides the addresses. */
export type Role = "participant" | "observer";

interface Ports {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

export class ChangingEnsemble {
  readonly baseFolder: string;
  readonly #config: ZooCfg;
  readonly #ports = new Map<number, Ports>();
  readonly #processes = new Map<number, ServerProcess>();
  readonly #clients: EnsembleClient[] = [];

  private constructor(baseFolder: string, config: ZooCfg) {
    this.baseFolder = baseFolder;
    this.#config = { ...defaultConfig, ...config };
  }

  /** Makes folders for `folderCount` servers. */
  static async prepare(folderCount: number, config: ZooCfg = {}): Promise<ChangingEnsemble> {
    const baseFolder = await mkdtemp(path.join(tmpdir(), "ensemble-changing-"));
    const ensemble = new ChangingEnsemble(baseFolder, config);
    const free = await findFreePorts(folderCount * 3);
    for (let id = 1; id <= folderCount; id++) {
      const [client = 0, quorum = 0, election = 0] = free.slice((id - 1) * 3);
      ensemble.#ports.set(id, { client, quorum, election });
      await mkdir(ensemble.dataFolder(id), { recursive: true });
      await writeFile(path.join(ensemble.dataFolder(id), "myid"), `${id}\n`);
    }
    return ensemble;
  }

  /** The same, and starts the first `count` of them as an ensemble. */
  static async start(
    count: number,
    folderCount: number,
    config: ZooCfg = {},
  ): Promise<ChangingEnsemble> {
    const ensemble = await ChangingEnsemble.prepare(folderCount, config);
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    try {
      for (const id of ids) await ensemble.begin(id, ids);
      await ensemble.whenServing(...ids);
    } catch (error) {
      await ensemble.dispose();
      throw error;
    }
    return ensemble;
  }

  folder(id: number): string {
    return path.join(this.baseFolder, `server-${id}`);
  }

  dataFolder(id: number): string {
    return path.join(this.folder(id), "data");
  }

  configFile(id: number): string {
    return path.join(this.folder(id), "zoo.cfg");
  }

  /** Gives a server other ports, for its line and its connections from now on. */
  async movePorts(id: number): Promise<void> {
    const [client = 0, quorum = 0, election = 0] = await findFreePorts(3);
    this.#ports.set(id, { client, quorum, election });
  }

  clientPort(id: number): number {
    return this.#portsOf(id).client;
  }

  connectString(...ids: readonly number[]): string {
    return ids.map((id) => `127.0.0.1:${this.clientPort(id)}`).join(",");
  }

  /** A server's line as it is written in configurations. */
  line(id: number, role: Role = "participant"): string {
    const { client, quorum, election } = this.#portsOf(id);
    return `server.${id}=127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`;
  }

  /** Writes a server's configuration file, which lists `ids`. */
  async writeConfig(id: number, ids: readonly number[], roles: Record<number, Role> = {}) {
    const lines = ids.map((listed) => `${this.line(listed, roles[listed])}\n`);
    const text = formatZooCfg({ ...this.#config, dataDir: this.dataFolder(id) });
    await writeFile(this.configFile(id), text + lines.join(""));
  }

  /** Writes a configuration file that lists `ids` and starts the server. */
  async begin(id: number, ids: readonly number[], roles: Record<number, Role> = {}): Promise<void> {
    await this.writeConfig(id, ids, roles);
    await this.startServer(id);
  }

  /** Starts a server with the configuration file that it has. */
  async startServer(id: number): Promise<void> {
    const server = await startServerProcess({
      name: `server-${id}`,
      file: process.execPath,
      args: [entryPoint, "server", this.configFile(id)],
      folder: this.folder(id),
      clientPort: this.clientPort(id),
    });
    this.#processes.set(id, server);
  }

  async kill(...ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map(async (id) => this.#processes.get(id)?.kill()));
  }

  async whenServing(...ids: readonly number[]): Promise<void> {
    const servers = ids.map((id) => this.#processes.get(id)!);
    await waitUntilServing(servers, servingTimeoutMs);
  }

  /** Waits until one of these servers leads; returns its id. */
  async whenLed(...ids: readonly number[]): Promise<number> {
    let leader: number | undefined;
    await eventually(
      `one of ${ids.join(", ")} leads`,
      async () => {
        for (const id of ids) if ((await this.mode(id)) === "leader") leader = id;
        return leader !== undefined;
      },
      servingTimeoutMs,
    );
    return leader!;
  }

  async mode(id: number): Promise<string | null | undefined> {
    return askServerMode("127.0.0.1", this.clientPort(id)).catch(() => null);
  }

  /** A client of these servers, closed with the ensemble. */
  async client(...ids: readonly number[]): Promise<EnsembleClient> {
    const options = { sessionTimeoutMs: 10_000, firstConnectTimeoutMs: servingTimeoutMs };
    const client = await EnsembleClient.connect(this.connectString(...ids), options);
    this.#clients.push(client);
    return client;
  }

  /** Reconfigures by way of one of the servers `ids`, as soon as that is possible. */
  async reconfigure(ids: readonly number[], change: MembershipChange): Promise<EnsembleConfig> {
    const client = await this.client(...ids);
    let config: EnsembleConfig | undefined;
    await eventually(
      "the reconfiguration is possible",
      async () => {
        try {
          config = await client.reconfigure(change);
        } catch (error) {
          const { code } = error as { code?: string };
          if (!passing.has(code ?? "")) throw error;
        }
        return config !== undefined;
      },
      servingTimeoutMs,
    );
    return config!;
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) void client.close();
    const running = [...this.#processes.values()].filter((server) => !server.hasExited());
    await Promise.all(running.map((server) => server.kill()));
    if (process.env["ENSEMBLE_KEEP_FOLDERS"] === undefined) {
      await rm(this.baseFolder, { recursive: true, force: true });
    } else {
      console.log(`Folders of the ensemble: ${this.baseFolder}`);
    }
  }

  #portsOf(id: number): Ports {
    const ports = this.#ports.get(id);
    if (ports === undefined) throw new RangeError(`No server ${id}`);
    return ports;
  }
}

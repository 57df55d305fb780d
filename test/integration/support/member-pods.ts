/**
 * Members as the pods of an ensemble run them, without Kubernetes: processes of `ensemble member`
 * on loopback, each with a folder in the place of its ConfigMap and one in that of its volume. The
 * test is the operator: it writes the former. Whoever makes one must dispose of it.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { EnsembleClient } from "../../../src/client/index.ts";
import {
  operatorDigest,
  parseEnsemble,
  renderMemberSettings,
  writeTextAtomically,
} from "../../../src/operator/index.ts";
import { findFreePorts } from "../../compat/support/ports.ts";
import { startServerProcess, waitUntilServing } from "../../compat/support/server-process.ts";
import type { ServerProcess } from "../../compat/support/server-process.ts";
import { askServerMode } from "../../compat/support/four-letter-word.ts";
import { eventually } from "./test-ensemble.ts";

const entryPoint = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));
const servingTimeoutMs = 40_000;

export type Role = "participant" | "observer";

/** What the operator proves itself with. */
export const operatorPassword = "secret";
const description = {
  apiVersion: "ensemble.dev/v1",
  kind: "Ensemble",
  metadata: { name: "demo" },
  spec: { config: { tickTime: 500, initLimit: 20, syncLimit: 8 } },
};

interface Ports {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
  readonly admin: number;
}

export class MemberPods {
  readonly ensemble = parseEnsemble(JSON.stringify(description), "e.json", () => []);
  /** Settings besides, or in the place of, those of the ensemble; of members written from now on. */
  settings: Readonly<Record<string, string | undefined>> = {};
  /** The identity that volumes get from now on. */
  ensembleUid = "5f1f3b9a-0000-4000-8000-000000000001";
  readonly #baseFolder = mkdtempSync(path.join(tmpdir(), "ensemble-pods-"));
  readonly #ports = new Map<number, Ports>();
  readonly #processes = new Map<number, ServerProcess>();
  readonly #clients: EnsembleClient[] = [];

  /** Has ports for `count` members, with ids from 1. */
  static async prepare(count: number): Promise<MemberPods> {
    const pods = new MemberPods();
    const free = await findFreePorts(count * 4);
    for (let id = 1; id <= count; id++) {
      const [client = 0, quorum = 0, election = 0, admin = 0] = free.slice((id - 1) * 4);
      pods.#ports.set(id, { client, quorum, election, admin });
    }
    return pods;
  }

  /** Forms an ensemble of the members `ids`, and leaves the phase of forming. */
  async form(...ids: readonly number[]): Promise<void> {
    const roles = Object.fromEntries(ids.map((id) => [id, "participant"] as const));
    this.write(ids, roles, ids);
    await this.start(...ids);
    await this.whenServing(...ids);
    this.write(ids, roles);
  }

  /** Writes what members `ids` have mounted: the roles of all, and founders while it forms. */
  write(ids: readonly number[], roles: Record<number, Role>, founders?: readonly number[]): void {
    const members = Object.entries(roles).map(([id, role]) => `${this.line(Number(id), role)}\n`);
    for (const id of ids) {
      const folder = this.#configFolder(id);
      mkdirSync(folder, { recursive: true });
      writeTextAtomically(path.join(folder, "zoo.cfg"), this.#settings(id));
      writeFileSync(path.join(folder, "members"), members.join(""));
      if (founders === undefined) rmSync(path.join(folder, "founders"), { force: true });
      else writeFileSync(path.join(folder, "founders"), founders.join(","));
    }
  }

  /** A member's line as configurations have it. */
  line(id: number, role: Role): string {
    const { client, quorum, election } = this.ports(id);
    return `server.${id}=127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`;
  }

  ports(id: number): Ports {
    const ports = this.#ports.get(id);
    if (ports === undefined) throw new RangeError(`No member ${id}`);
    return ports;
  }

  /** The volume of a member. */
  dataFolder(id: number): string {
    return path.join(this.#baseFolder, `data-${id}`);
  }

  async start(...ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      mkdirSync(this.dataFolder(id), { recursive: true });
      const started = await startServerProcess({
        name: `pod-${id}`,
        file: process.execPath,
        args: [entryPoint, "member", "--config", this.#configFolder(id)],
        folder: this.#baseFolder,
        clientPort: this.ports(id).client,
        env: { POD_NAME: `demo-${id - 1}` },
      });
      this.#processes.set(id, started);
    }
  }

  process(id: number): ServerProcess {
    const process = this.#processes.get(id);
    if (process === undefined) throw new RangeError(`Member ${id} was never started`);
    return process;
  }

  async kill(...ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.process(id).kill()));
  }

  /** Gives a member that does not run a new volume. */
  wipe(...ids: readonly number[]): void {
    for (const id of ids) rmSync(this.dataFolder(id), { recursive: true });
  }

  async whenServing(...ids: readonly number[]): Promise<void> {
    await waitUntilServing(
      ids.map((id) => this.process(id)),
      servingTimeoutMs,
    );
  }

  mode(id: number): Promise<string | undefined> {
    return askServerMode("127.0.0.1", this.ports(id).client);
  }

  /** Waits until one of these members leads; returns its id. */
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

  /** The operator as a client of these members, closed with the pods. */
  async client(...ids: readonly number[]): Promise<EnsembleClient> {
    const servers = ids.map((id) => `127.0.0.1:${this.ports(id).client}`).join(",");
    const client = await EnsembleClient.connect(servers, {
      sessionTimeoutMs: 10_000,
      firstConnectTimeoutMs: servingTimeoutMs,
      auth: [{ scheme: "digest", auth: `operator:${operatorPassword}` }],
    });
    this.#clients.push(client);
    return client;
  }

  /** What a member has logged so far, over all its lives. */
  log(id: number): string {
    const file = path.join(this.#baseFolder, `pod-${id}.log`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) void client.close();
    const running = [...this.#processes.values()].filter((server) => !server.hasExited());
    await Promise.all(running.map((server) => server.kill()));
    await rm(this.#baseFolder, { recursive: true, force: true });
  }

  #configFolder(id: number): string {
    return path.join(this.#baseFolder, `config-${id}`);
  }

  /** The settings of a real ensemble, but for where things are on this machine. */
  #settings(id: number): string {
    const { text } = renderMemberSettings(this.ensemble, {
      ensembleUid: this.ensembleUid,
      operatorDigest: operatorDigest(operatorPassword),
    });
    const here: Record<string, string | undefined> = {
      "admin.serverAddress": "127.0.0.1",
      "admin.serverPort": String(this.ports(id).admin),
      dataDir: this.dataFolder(id),
      "metricsProvider.httpHost": "127.0.0.1",
      "metricsProvider.httpPort": "0",
      quorumListenOnAllIPs: "false",
      ...this.settings,
    };
    const others = text.replaceAll(/^([^=#\n]+)=.*\n/gmu, (line, key: string) => {
      return key in here ? "" : line;
    });
    const lines = Object.entries(here).filter(([, value]) => value !== undefined);
    return `${others}${lines.map(([key, value]) => `${key}=${value}\n`).join("")}`;
  }
}

/**
 * What Kubernetes does for the pods of one ensemble, on this machine: a fake API server, and for
 * each pod of a StatefulSet a process of `ensemble member`, with a loopback address of its own, a
 * folder in the place of the ConfigMap, and one in that of the volume. The names of members, which
 * a cluster's name service would know, are replaced by their addresses wherever members read them.
 */
import { createHash, randomInt } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { serverLine } from "../../../src/operator/desired/member-names.ts";
import { NetworkMemberAccess } from "../../../src/operator/index.ts";
import type { FakeApiServer, Json, Stored } from "../../operator/kube/support/fake-api-server.ts";
import { askServerMode } from "./four-letter-word.ts";
import { startServerProcess } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";

const ENTRY_POINT = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));
const STEP_MS = 100;
/** As all pods have it: each has its own address. */
const CLIENT_PORT = 2181;
const ADMIN_PORT = 8080;
const MEMBER_NAME = /([a-z-]+)-(\d+)\.\1-members\.default\.svc\.cluster\.local/gu;

interface Running {
  readonly uid: string;
  readonly process: ServerProcess;
}

/** Of a StatefulSet, as far as it matters here. */
interface PodTemplate {
  readonly metadata: { readonly labels: Json };
  readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
}

/** The pods of ensemble `zk` in namespace `default`. */
export class LoopbackPods {
  readonly #server: FakeApiServer;
  readonly #folder = mkdtempSync(path.join(tmpdir(), "ensemble-import-"));
  /** Other tests on this machine have other ones. */
  readonly #net = `127.${randomInt(1, 255)}.${randomInt(255)}`;
  readonly #running = new Map<string, Running>();
  /** Pods whose volumes are empty when they start next. */
  readonly #lost = new Set<string>();
  #isClosed = false;
  #loop: Promise<void> = Promise.resolve();
  #failure: Error | null = null;

  constructor(server: FakeApiServer) {
    this.#server = server;
  }

  start(): void {
    this.#loop = this.#run().catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  /** Where member `sid` serves clients. */
  addressOf(sid: number): string {
    return `${this.#hostOf(sid)}:${CLIENT_PORT}`;
  }

  /** The operator's way to members: as in a cluster, but for their names. */
  access(): NetworkMemberAccess {
    return new NetworkMemberAccess({
      portsOf: () => ({ admin: ADMIN_PORT, client: CLIENT_PORT }),
      lineOf: ({ ensemble }, sid, role) => this.#resolve(serverLine(ensemble, sid, role)),
    });
  }

  /** A volume is lost for good: its claim is deleted, and what was on it is gone. */
  loseVolume(sid: number): void {
    const pod = `zk-${sid - 1}`;
    const claim = this.#server.get("persistentvolumeclaims", `data-${pod}`);
    if (claim !== undefined) this.#server.remove("persistentvolumeclaims", claim.metadata.name);
    this.#lost.add(pod);
    // Its StatefulSet makes both anew.
    this.#server.remove("pods", pod);
  }

  /** What a pod has logged. */
  async log(pod: string): Promise<string> {
    const file = path.join(this.#folder, `${pod}.log`);
    return existsSync(file) ? readFile(file, "utf8") : "";
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#loop;
    await Promise.all([...this.#running.values()].map(({ process }) => process.kill()));
    await rm(this.#folder, { recursive: true, force: true });
    if (this.#failure !== null) throw this.#failure;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      for (const set of this.#server.all("statefulsets")) this.#follow(set);
      await this.#reap();
      for (const pod of this.#server.all("pods")) await this.#keep(pod);
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  }

  #follow(set: Stored): void {
    const spec = set["spec"] as {
      replicas: number;
      ordinals?: { start: number };
      selector: { matchLabels: Json };
      template: PodTemplate;
    };
    const { name, generation } = set.metadata as { name: string; generation?: number };
    const status = set["status"] as { observedGeneration?: number } | undefined;
    const hash = createHash("sha256").update(JSON.stringify(spec.template)).digest("hex");
    const updateRevision = `${name}-${hash.slice(0, 10)}`;
    if (status?.observedGeneration !== generation) {
      this.#server.patch("statefulsets", set, {
        status: { observedGeneration: generation, updateRevision },
      });
    }
    const start = spec.ordinals?.start ?? 0;
    const wanted = Array.from({ length: spec.replicas }, (_, index) => `${name}-${start + index}`);
    for (const pod of wanted) {
      if (this.#server.get("pods", pod) !== undefined || this.#running.has(pod)) continue;
      this.#claim(pod, spec.selector.matchLabels);
      this.#server.create("pods", {
        metadata: {
          name: pod,
          namespace: "default",
          labels: {
            ...spec.template.metadata.labels,
            "controller-revision-hash": updateRevision,
          },
          ownerReferences: [{ kind: "StatefulSet", uid: set.metadata.uid }],
        },
        spec: { containers: spec.template.spec.containers },
        status: { phase: "Pending" },
      });
    }
    for (const { metadata } of this.#server.all("pods")) {
      const isOurs = new RegExp(`^${name}-[0-9]+$`, "u").test(metadata.name);
      if (isOurs && !wanted.includes(metadata.name)) this.#server.remove("pods", metadata.name);
    }
  }

  /** The volume claim of a pod, which stays when the pod goes. */
  #claim(pod: string, labels: Json): void {
    const name = `data-${pod}`;
    if (this.#server.get("persistentvolumeclaims", name) !== undefined) return;
    const metadata = { name, namespace: "default", labels };
    this.#server.create("persistentvolumeclaims", { metadata, status: { phase: "Bound" } });
  }

  /** Processes of pods that are gone end. */
  async #reap(): Promise<void> {
    for (const [name, { uid, process }] of this.#running) {
      if (this.#server.get("pods", name)?.metadata.uid === uid) continue;
      await process.stop();
      this.#running.delete(name);
    }
  }

  async #keep(pod: Stored): Promise<void> {
    const { name, uid } = pod.metadata;
    const sid = Number(/[0-9]+$/u.exec(name)?.[0]) + (name.includes("-observers-") ? 101 : 1);
    const running = this.#running.get(name);
    if (running === undefined || running.process.hasExited()) {
      this.#running.set(name, { uid, process: await this.#launch(pod, sid) });
    }
    const mode = await askServerMode(this.#hostOf(sid), CLIENT_PORT);
    const conditions = [{ type: "Ready", status: mode === undefined ? "False" : "True" }];
    const status = { phase: "Running", podIP: this.#hostOf(sid), conditions };
    const now = this.#server.get("pods", name);
    if (now?.metadata.uid !== uid) return;
    if (JSON.stringify(now["status"]) === JSON.stringify(status)) return;
    this.#server.patch("pods", now, { status });
  }

  #launch(pod: Stored, sid: number): Promise<ServerProcess> {
    const { name } = pod.metadata;
    const { containers } = pod["spec"] as PodTemplate["spec"];
    const configFolder = path.join(this.#folder, `config-${name}`);
    const dataFolder = path.join(this.#folder, `data-${name}`);
    if (this.#lost.delete(name)) rmSync(dataFolder, { recursive: true, force: true });
    for (const folder of [configFolder, dataFolder]) mkdirSync(folder, { recursive: true });
    const data = this.#server.get("configmaps", "zk-config")?.["data"] as Record<string, string>;
    rmSync(path.join(configFolder, "founders"), { force: true });
    for (const [file, text] of Object.entries(data)) {
      const here = file === "zoo.cfg" ? this.#settings(text, sid, dataFolder) : this.#resolve(text);
      writeFileSync(path.join(configFolder, file), here);
    }
    return startServerProcess({
      name,
      file: process.execPath,
      args: [ENTRY_POINT, ...(containers[0]?.args ?? []), "--config", configFolder],
      folder: this.#folder,
      clientPort: CLIENT_PORT,
      env: { POD_NAME: name },
    });
  }

  /** The settings of a pod, but for where things are on this machine. */
  #settings(text: string, sid: number, dataDir: string): string {
    const host = this.#hostOf(sid);
    const here: Record<string, string> = {
      "admin.serverAddress": host,
      dataDir,
      "metricsProvider.httpHost": host,
      quorumListenOnAllIPs: "false",
    };
    return text.replaceAll(/^([^=#\n]+)=(.*)$/gmu, (line, key: string) => {
      return key in here ? `${key}=${here[key] ?? ""}` : line;
    });
  }

  /** Lines of members with addresses in the place of names, also for clients. */
  #resolve(lines: string): string {
    return lines
      .split("\n")
      .map((line) => {
        const named = line.replaceAll(MEMBER_NAME, (_, __, ordinal: string) =>
          this.#hostOf(Number(ordinal) + 1),
        );
        const [, host] = /=([0-9.]+):/u.exec(named) ?? [];
        return named === line ? line : named.replace(/;(\d+)$/u, `;${host ?? ""}:$1`);
      })
      .join("\n");
  }

  #hostOf(sid: number): string {
    return `${this.#net}.${sid}`;
  }
}

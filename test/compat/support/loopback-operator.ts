/**
 * The operator of one ensemble on this machine: its own reconcile logic on a fake API server, with
 * real processes of `ensemble member` for pods.
 */
import { seededRandom } from "../../../src/base/index.ts";
import { nullLogger } from "../../../src/observe/index.ts";
import {
  EventRecorder,
  KubeClient,
  KubeConnection,
  systemTimers,
} from "../../../src/operator/kube/index.ts";
import { Controller } from "../../../src/operator/reconcile/controller.ts";
import { eventually } from "../../integration/support/test-ensemble.ts";
import { FakeApiServer } from "../../operator/kube/support/fake-api-server.ts";
import type { Json } from "../../operator/kube/support/fake-api-server.ts";
import { configOf } from "../../operator/kube/support/fixture.ts";
import { LoopbackPods } from "./loopback-pods.ts";

const PATIENCE_MS = 150_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** The part of a status that tests look at. */
export interface StatusSeen {
  readonly phase?: string;
  readonly ensembleUid?: string;
  readonly recovery?: { readonly lostEnsembleUid: string };
  readonly members?: readonly { readonly id: number; readonly zxid?: string; reason?: string }[];
  readonly conditions?: readonly Record<"type" | "status" | "reason" | "message", string>[];
}

/** An operator with its Ensemble `zk` in namespace `default`. */
export class LoopbackOperator {
  readonly server: FakeApiServer;
  readonly pods: LoopbackPods;
  readonly #connection: KubeConnection;
  readonly #controller: Controller;

  private constructor(server: FakeApiServer) {
    this.server = server;
    this.pods = new LoopbackPods(server);
    this.#connection = new KubeConnection(configOf(server), systemTimers);
    const client = new KubeClient(this.#connection, systemTimers, REQUEST_TIMEOUT_MS);
    const basics = { client, timers: systemTimers, random: seededRandom(1), logger: nullLogger };
    const names = { controller: "ensemble.dev/operator", instance: "operator-0" };
    let uids = 0;
    this.#controller = new Controller({
      ...basics,
      members: this.pods.access(),
      events: new EventRecorder({ ...basics, ...names }),
      namespaces: [],
      defaultImage: "ensemble:1.0.0",
      checkSettings: () => [],
      makeUid: () => `5f1f3b9a-0000-4000-8000-00000000000${(uids += 1)}`,
      mayAct: () => true,
    });
  }

  /** Starts it; there is no Ensemble yet. */
  static async start(): Promise<LoopbackOperator> {
    const server = await FakeApiServer.start();
    server.honoursSelectors = true;
    const operator = new LoopbackOperator(server);
    operator.pods.start();
    operator.#controller.startCache();
    operator.#controller.startWork();
    return operator;
  }

  /** Asks for the Ensemble, or for another one in its place. */
  want(spec: Json): void {
    const held = this.server.get("ensembles", "zk");
    if (held === undefined) this.server.create("ensembles", { ...ENSEMBLE, spec });
    else this.server.patch("ensembles", held, { spec });
  }

  get status(): StatusSeen {
    return this.server.get("ensembles", "zk")?.["status"] ?? {};
  }

  /** `status/reason` of a condition; empty if it is not there. */
  conditionOf(type: string): string {
    const found = this.status.conditions?.find((condition) => condition.type === type);
    return found === undefined ? "" : `${found.status}/${found.reason}`;
  }

  /** Waits for a condition to be as `conditionOf()` has it. */
  async until(type: string, wanted: string): Promise<void> {
    const isSo = (): boolean => this.conditionOf(type) === wanted;
    await eventually(`${type} is ${wanted}`, isSo, PATIENCE_MS);
  }

  /** Ends it, and the pods. */
  async close(): Promise<void> {
    await this.#controller.stop();
    await this.pods.close();
    this.#connection.close();
    await this.server.close();
  }
}

const ENSEMBLE = {
  apiVersion: "ensemble.dev/v1",
  kind: "Ensemble",
  metadata: { name: "zk", namespace: "default" },
};

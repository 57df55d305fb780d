/**
 * A cluster with operators in it, with time in the test's hand: a fake API server, what Kubernetes
 * does, members without servers, and real controllers on top.
 */

import { seededRandom } from "../../../../src/base/index.ts";
import { EventRecorder, LeaderElection } from "../../../../src/operator/kube/index.ts";
import { Controller } from "../../../../src/operator/reconcile/controller.ts";
import type { FakeApiServer, Json, Stored } from "../../kube/support/fake-api-server.ts";
import { openFixture } from "../../kube/support/fixture.ts";
import type { Fixture } from "../../kube/support/fixture.ts";
import { settle } from "../../kube/support/manual-timers.ts";
import { FakeCluster } from "./fake-cluster.ts";
import { FakeMembers } from "./fake-members.ts";

const STEP_MS = 200;

/** Some minutes of a cluster. */
const STEPS_MAX = 2000;

/** An operator of the test. */
export interface TestOperator {
  readonly controller: Controller;
  stop(): Promise<void>;
}

export class World {
  readonly cluster: FakeCluster;
  readonly #fixture: Fixture;
  readonly #members = new Map<string, FakeMembers>();
  readonly #operators = new Set<TestOperator>();
  #uids = 0;

  private constructor(fixture: Fixture) {
    this.#fixture = fixture;
    this.cluster = new FakeCluster(
      fixture.server,
      (name) => this.members(name),
      () => this.now(),
    );
  }

  /** The time of day. */
  now(): string {
    return new Date(this.#fixture.timers.wallMs()).toISOString();
  }

  static async open(): Promise<World> {
    const fixture = await openFixture();
    fixture.server.honoursSelectors = true;
    return new World(fixture);
  }

  get server(): FakeApiServer {
    return this.#fixture.server;
  }

  /** The members of an ensemble. */
  members(name = "zk"): FakeMembers {
    const members = this.#members.get(name) ?? new FakeMembers();
    this.#members.set(name, members);
    return members;
  }

  /** Makes an ensemble, or changes its specification. */
  apply(spec: Json, name = "zk"): void {
    const held = this.server.get("ensembles", name);
    if (held !== undefined) {
      this.server.patch("ensembles", held, { spec: { ...(held["spec"] as Json), ...spec } });
      return;
    }
    this.server.create("ensembles", {
      apiVersion: "ensemble.dev/v1",
      kind: "Ensemble",
      metadata: { name, namespace: "default" },
      spec,
    });
  }

  ensemble(name = "zk"): Stored {
    const ensemble = this.server.get("ensembles", name);
    if (ensemble === undefined) throw new Error(`There is no ensemble ${name}`);
    return ensemble;
  }

  /** `status/reason` of a condition; empty if it is not there. */
  condition(type: string, name = "zk"): string {
    const status = this.server.get("ensembles", name)?.["status"] as
      { conditions?: { type: string; status: string; reason: string }[] } | undefined;
    const found = status?.conditions?.find((condition) => condition.type === type);
    return found === undefined ? "" : `${found.status}/${found.reason}`;
  }

  /** The reasons of all Events about an ensemble, in order. */
  events(name = "zk"): string[] {
    return this.server
      .all("events")
      .filter((event) => (event["regarding"] as Json)["name"] === name)
      .map((event) => String(event["reason"]));
  }

  /** Starts an operator; with a lease if it has an identity. */
  startOperator(identity?: string): TestOperator {
    const { client, dependencies, timers } = this.#fixture;
    const events = new EventRecorder({
      ...dependencies,
      controller: "ensemble.dev/operator",
      instance: identity ?? "operator-0",
    });
    let election: LeaderElection | undefined;
    const controller = new Controller({
      ...dependencies,
      members: {
        readReports: (target) => this.members(target.ensemble.metadata.name).readReports(target),
        readMembership: ({ ensemble }) => this.members(ensemble.metadata.name).readMembership(),
        readImport: (source) => this.members().readImport(source),
        addMember: (target, change) =>
          this.members(target.ensemble.metadata.name).addMember(target, change),
        removeMember: (target, change) =>
          this.members(target.ensemble.metadata.name).removeMember(target, change),
        transferLeadership: (target, change) =>
          this.members(target.ensemble.metadata.name).transferLeadership(target, change),
      },
      events,
      random: seededRandom(1),
      namespaces: [],
      defaultImage: "ensemble:1.0.0",
      checkSettings: () => [],
      makeUid: () => `uid-of-ensemble-${(this.#uids += 1)}`,
      mayAct: () => election === undefined || election.isLeader,
    });
    if (identity !== undefined) {
      election = new LeaderElection(
        { client, timers, random: seededRandom(1), logger: dependencies.logger },
        {
          lease: { namespace: "default", name: "ensemble-operator" },
          identity,
          onElected: () => controller.startWork(),
          onLost: () => undefined,
        },
      );
    }
    controller.startCache();
    if (election === undefined) controller.startWork();
    else election.start();
    const operator = {
      controller,
      stop: async () => {
        this.#operators.delete(operator);
        await controller.stop();
        await events.flush();
        await election?.stop();
      },
    };
    this.#operators.add(operator);
    return operator;
  }

  /** Stops all operators as they are. */
  async stopOperators(): Promise<void> {
    for (const operator of this.#operators) await operator.stop();
  }

  /** Lets everything go on until `isSo`. */
  async until(isSo: () => boolean, what: string = isSo.toString()): Promise<void> {
    for (let step = 0; step < STEPS_MAX; step += 1) {
      if (isSo()) return;
      await this.step();
    }
    const status = JSON.stringify(this.server.all("ensembles").map((one) => one["status"]));
    throw new Error(`Never so: ${what}; ${status}`);
  }

  /** Some moments. */
  async step(): Promise<void> {
    await settle();
    this.cluster.step();
    for (const members of this.#members.values()) members.step();
    this.#fixture.timers.advance(STEP_MS);
  }

  async close(): Promise<void> {
    await this.stopOperators();
    await this.#fixture.close();
  }
}

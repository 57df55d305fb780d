/** A client of a fake API server, and what else a runtime is made of, with time in the test's hand. */

import { KubeConfig } from "@kubernetes/client-node";
import type { Random } from "../../../../src/base/index.ts";
import { nullLogger } from "../../../../src/observe/index.ts";
import { KubeClient, KubeConnection } from "../../../../src/operator/kube/index.ts";
import type { ResourceType } from "../../../../src/operator/kube/index.ts";
import { FakeApiServer } from "./fake-api-server.ts";
import { ManualTimers } from "./manual-timers.ts";

export const CONFIG_MAP: ResourceType = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
};

/** Longer than every pause, so that a test can tell the one from the other. */
export const REQUEST_TIMEOUT_MS = 50_000;

/** Chance at its least: back-offs are their minimum. */
export const noChance: Random = { next: () => 0 };

export interface Fixture {
  readonly server: FakeApiServer;
  readonly timers: ManualTimers;
  readonly client: KubeClient;
  readonly dependencies: {
    client: KubeClient;
    timers: ManualTimers;
    random: Random;
    logger: typeof nullLogger;
  };
  close(): Promise<void>;
}

/** `user` may say how to authenticate, as in a kubeconfig. */
export function configOf(server: FakeApiServer, user: Record<string, unknown> = {}): KubeConfig {
  const config = new KubeConfig();
  // Plain HTTP is refused by the library unless the cluster says that TLS is not to be verified.
  const cluster = { name: "fake", server: server.url, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, { name: "tester", ...user });
  return config;
}

/** `user` as for `configOf()`. */
export async function openFixture(user: Record<string, unknown> = {}): Promise<Fixture> {
  const server = await FakeApiServer.start();
  const timers = new ManualTimers();
  const connection = new KubeConnection(configOf(server, user), timers);
  const client = new KubeClient(connection, timers, REQUEST_TIMEOUT_MS);
  return {
    server,
    timers,
    client,
    dependencies: { client, timers, random: noChance, logger: nullLogger },
    async close() {
      connection.close();
      await server.close();
    },
  };
}

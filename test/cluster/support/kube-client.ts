/** The product's own client on the test cluster: faster than `kubectl` where much is asked. */
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { KubeClient, KubeConnection, systemTimers } from "../../../src/operator/kube/index.ts";
import type { ResourceType } from "../../../src/operator/kube/index.ts";
import { CLUSTER_HOME } from "./kubectl.ts";

export const ENSEMBLE: ResourceType = {
  group: "ensemble.dev",
  version: "v1",
  kind: "Ensemble",
  plural: "ensembles",
};

/** A client of the cluster's API server, with all rights; the cluster must be up. */
export function openKubeClient(): KubeClient {
  const config = new KubeConfig();
  config.loadFromFile(join(CLUSTER_HOME, "kubeconfig"));
  return new KubeClient(new KubeConnection(config, systemTimers), systemTimers);
}

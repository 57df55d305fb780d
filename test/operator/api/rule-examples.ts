/**
 * For every rule of the custom resource definition, by its message: a spec that Kubernetes accepts
 * and one that it refuses because of this rule alone; where the rule is about changes, what they
 * were before. Nothing here evaluates rules: that takes a real API server.
 */

/** One rule's examples. */
export interface RuleExample {
  /** The spec as it was; absent when the object is new. */
  readonly before?: object;
  readonly accepted: object;
  readonly refused: object;
  /** The object's name when it is refused, if that is what the rule is about. */
  readonly refusedName?: string;
}

const DIGEST = `sha256:${"0".repeat(64)}`;

/** By the path of the field that the rule is on, and how its message goes on after "Expected". */
export const RULE_EXAMPLES: Readonly<Record<string, RuleExample>> = {
  "metadata.name to be": { accepted: {}, refused: {}, refusedName: "1-begins-with-a-digit" },
  "metadata.name not to end": { accepted: {}, refused: {}, refusedName: "demo-members" },
  "spec: version": {
    accepted: { version: "1.2.3", image: { digest: DIGEST } },
    refused: { image: { digest: DIGEST } },
  },
  "spec.storage: size to be as before": {
    before: { storage: { size: "10Gi" } },
    accepted: { storage: { size: "10240Mi" } },
    refused: { storage: { size: "9Gi" } },
  },
  "spec.storage: size to be more": {
    accepted: { storage: { size: "1" } },
    refused: { storage: { size: "0Gi" } },
  },
  "spec.storage: storageClassName": {
    before: { storage: { storageClassName: "fast" } },
    accepted: { storage: { storageClassName: "fast", size: "11Gi" } },
    refused: { storage: {} },
  },
  "spec.storage: logVolume": {
    before: { storage: {} },
    accepted: { storage: { size: "11Gi" } },
    refused: { storage: { logVolume: { size: "1Gi" } } },
  },
  "spec.storage.logVolume: size to be as before": {
    before: { storage: { logVolume: { size: "2Gi" } } },
    accepted: { storage: { logVolume: { size: "3Gi" } } },
    refused: { storage: { logVolume: { size: "1Gi" } } },
  },
  "spec.storage.logVolume: size to be more": {
    accepted: { storage: { logVolume: { size: "1Gi" } } },
    refused: { storage: { logVolume: { size: "0" } } },
  },
  "spec.storage.logVolume: storageClassName": {
    before: { storage: { logVolume: { size: "2Gi" } } },
    accepted: { storage: { logVolume: { size: "2Gi" } } },
    refused: { storage: { logVolume: { size: "2Gi", storageClassName: "fast" } } },
  },
  "spec.podTemplate.labels: no key": {
    accepted: { podTemplate: { labels: { team: "a" } } },
    refused: { podTemplate: { labels: { "app.kubernetes.io/name": "a" } } },
  },
  "spec.podTemplate.annotations: no key": {
    accepted: { podTemplate: { annotations: { team: "a" } } },
    refused: { podTemplate: { annotations: { "ensemble.dev/revision": "a" } } },
  },
  "spec.service.client: loadBalancerClass": {
    accepted: { service: { client: { type: "LoadBalancer", loadBalancerClass: "a" } } },
    refused: { service: { client: { loadBalancerClass: "a" } } },
  },
  "spec.service.client: loadBalancerSourceRanges": {
    accepted: {
      service: { client: { type: "LoadBalancer", loadBalancerSourceRanges: ["10.0.0.0/8"] } },
    },
    refused: { service: { client: { loadBalancerSourceRanges: ["10.0.0.0/8"] } } },
  },
  "spec.service.client: nodePort": {
    accepted: { service: { client: { type: "NodePort", nodePort: 30_181 } } },
    refused: { service: { client: { nodePort: 30_181 } } },
  },
  "spec.service.client: port": {
    accepted: { service: { client: { port: 2182 } } },
    refused: { service: { client: { port: 8080 } } },
  },
  "spec.service.external: loadBalancerClass": {
    accepted: { service: { external: { loadBalancerClass: "a" } } },
    refused: { service: { external: { type: "NodePort", loadBalancerClass: "a" } } },
  },
  "spec.service.external: loadBalancerSourceRanges": {
    accepted: { service: { external: { loadBalancerSourceRanges: ["::/0"] } } },
    refused: { service: { external: { type: "NodePort", loadBalancerSourceRanges: ["::/0"] } } },
  },
  "spec.clusterDomain: clusterDomain": {
    before: { clusterDomain: "a.example" },
    accepted: { clusterDomain: "a.example" },
    refused: {},
  },
  "spec.bootstrap: exactly one": {
    accepted: { bootstrap: { import: { servers: ["zk-0.example:2181"] } } },
    refused: { bootstrap: { empty: {}, restore: { backup: "monday" } } },
  },
  "spec.bootstrap: bootstrap": {
    before: { bootstrap: { import: { servers: ["zk-0.example:2181"] } } },
    accepted: { bootstrap: { import: { servers: ["zk-0.example:2181"], takeOver: false } } },
    refused: { bootstrap: { restore: { backup: "tuesday" } } },
  },
};

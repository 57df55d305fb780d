/** The face of `operator/kube/`: the runtime of a controller, which knows nothing of ensembles. */
export { EventRecorder } from "./event-recorder.ts";
export type { EventNote } from "./event-recorder.ts";
export { findLivenessProblems, findReadinessProblems } from "./health.ts";
export { KubeClient } from "./kube-client.ts";
export { KubeConnection } from "./kube-connection.ts";
export { KubeError } from "./kube-error.ts";
export { keyOf, nameOf } from "./kube-object.ts";
export type { KubeObject, Manifest, ObjectName, ResourceType } from "./kube-object.ts";
export { LeaderElection } from "./leader-election.ts";
export { ObjectCache } from "./object-cache.ts";
export type { CachedType } from "./object-cache.ts";
export { Reflector } from "./reflector.ts";
export { RuntimeMetrics } from "./runtime-metrics.ts";
export { TextServer, probePage } from "./text-server.ts";
export { systemTimers } from "./timers.ts";
export type { Timers } from "./timers.ts";
export { WorkQueue } from "./work-queue.ts";
export type { WorkQueueObserver, WorkResult } from "./work-queue.ts";

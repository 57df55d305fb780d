/** The face of `operator/kube/`: the runtime of a controller, which knows nothing of ensembles. */
export { KubeClient } from "./kube-client.ts";
export { KubeConnection } from "./kube-connection.ts";
export { KubeError } from "./kube-error.ts";
export type { Manifest, ResourceType } from "./kube-object.ts";
export { LeaderElection } from "./leader-election.ts";
export { Reflector } from "./reflector.ts";
export { systemTimers } from "./timers.ts";
export type { Timers } from "./timers.ts";
export { WorkQueue } from "./work-queue.ts";

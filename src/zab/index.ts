/** The face of `zab/`: the replication core and the contract with its driver. */
export type { HandOverProblem } from "./hand-over.ts";
export type { HistoryEntry } from "./history.ts";
export { lagBehind } from "./learner-table.ts";
export type { Learner } from "./learner-table.ts";
export { membershipOf } from "./membership.ts";
export type { Membership } from "./membership.ts";
export type { ReconfigProblem } from "./leader-reconfig.ts";
export { Peer } from "./peer.ts";
export { defaultTiming } from "./peer-options.ts";
export type { PeerOptions } from "./peer-options.ts";
export { bitCount, majorityRule } from "./quorum.ts";
export type { QuorumRule } from "./quorum.ts";
export { isEmptyReady } from "./ready.ts";
export type {
  Dial,
  DiskOp,
  LearnerOddity,
  LinkId,
  LogPlace,
  PeerEvent,
  Ready,
  Role,
  Send,
} from "./ready.ts";

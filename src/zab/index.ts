/** The face of `zab/`: the replication core and the contract with its driver. */
export type { HistoryEntry, HistoryLimits } from "./history.ts";
export type { Leader } from "./leader.ts";
export { Peer } from "./peer.ts";
export { defaultTiming } from "./peer-options.ts";
export type { Membership, PeerDisk, PeerOptions, PeerTiming } from "./peer-options.ts";
export { bitCount, majorityRule } from "./quorum.ts";
export type { QuorumQuestion, QuorumRule } from "./quorum.ts";
export type { DiskOp, LinkId, PeerEvent, Ready, Role, Send } from "./ready.ts";

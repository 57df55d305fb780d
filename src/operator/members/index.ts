/** The face of `operator/members/`: what members are asked, and what they are asked to do. */
export { FailedHandOvers } from "./failed-hand-overs.ts";
export { KnownMembership } from "./known-membership.ts";
export { NetworkMemberAccess } from "./network-member-access.ts";
export { operatorDigest } from "./operator-digest.ts";

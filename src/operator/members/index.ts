/** The face of `operator/members/`: what members are asked, and what they are asked to do. */
export { NetworkMemberAccess } from "./network-member-access.ts";
export { operatorDigest } from "./operator-digest.ts";

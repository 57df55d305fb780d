/** The face of `operator/members/`: what members are asked, and what they are asked to do. */
export { askMembers } from "./ask-members.ts";
export { transferLeadership } from "./hand-over.ts";
export { MemberError } from "./member-error.ts";
export { changeMembership, readMembership } from "./membership.ts";
export { createOperatorPassword, operatorDigest } from "./operator-password.ts";

/** The face of `operator/plan/`: what to do next, as a pure function. */
export type { MemberRole, Observed, ObservedMember } from "./observed.ts";
export { isServing, plan } from "./plan.ts";
export type { Action } from "./plan.ts";

/** The face of `audit/`: the log of who changed what. */
export type { AuditTrail } from "./audit-trail.ts";
export { openAuditTrail } from "./open-audit-trail.ts";

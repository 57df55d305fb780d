/** Puts an audit trail together with its file. */
import { userInfo } from "node:os";
import { AuditFile } from "./audit-file.ts";
import type { AuditFileOptions } from "./audit-file.ts";
import { AuditTrail } from "./audit-trail.ts";

export function openAuditTrail(options: AuditFileOptions): AuditTrail {
  return new AuditTrail(new AuditFile(options), systemUser());
}

/** The user who runs this process; its number where it has no name, as in some containers. */
function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

/**
 * Who may run the admin commands that give out or replace all data: a caller who proves an identity
 * in the `Authorization` header, as `digest user:password` or `ip`, that the root node's ACL grants
 * every single permission (CVE-2025-58457). The address is the socket's, never what a header says
 * of it (CVE-2024-51504).
 */
import { isAllowed } from "../../tree/index.ts";
import { Perms } from "../../wire/index.ts";
import type { Id } from "../../wire/index.ts";
import { addressId, digestIds } from "../auth/index.ts";
import type { AuthSettings } from "../config/index.ts";
import type { ServerFacts } from "./server-facts.ts";

/** A refusal: status code and reason; null when the caller is let in. */
export type Refusal = { readonly statusCode: number; readonly error: string } | null;

const everyPermission = [Perms.read, Perms.write, Perms.create, Perms.delete, Perms.admin];

/**
 * @param authorization - the header's value.
 * @param remoteAddress - of the caller's socket.
 */
export function refuseCaller(
  facts: ServerFacts,
  authorization: string | undefined,
  remoteAddress: string,
): Refusal {
  if (authorization === undefined) {
    return { statusCode: 401, error: "Auth info is missing for the command" };
  }
  const ids = identify(authorization, remoteAddress, facts.config.auth);
  if (ids.length === 0) return { statusCode: 401, error: "Not authenticated" };
  const root = facts.tree.getNode("/");
  if (root === undefined) return { statusCode: 500, error: "Error occurred during auth" };
  const acl = facts.tree.aclOf(root);
  const isGranted = everyPermission.every((permission) => isAllowed(acl, permission, ids));
  if (isGranted || facts.config.skipAcl) return null;
  return { statusCode: 403, error: "Not authorized" };
}

function identify(
  authorization: string,
  remoteAddress: string,
  settings: AuthSettings,
): readonly Id[] {
  const [scheme = "", credentials, ...more] = authorization.split(" ");
  if (more.length > 0) return [];
  if (scheme === "ip") return [addressId(remoteAddress)];
  if (scheme !== "digest" || credentials === undefined || !settings.schemes.has(scheme)) return [];
  return digestIds(credentials, settings);
}

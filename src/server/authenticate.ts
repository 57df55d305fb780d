/**
 * Authentication schemes of `addauth`: from what a client sends to the identities it then has
 * (ZooKeeper 3.9 `DigestAuthenticationProvider`, `IPAuthenticationProvider`).
 */
import { createHash } from "node:crypto";
import type { AuthPacket, Id } from "../wire/index.ts";

/**
 * The digest identity of `user:password`: `user:base64(sha1("user:password"))`. A user without a
 * password is one as well.
 */
function digestId(credentials: string): string {
  const [user = ""] = credentials.split(":", 1);
  return `${user}:${createHash("sha1").update(credentials, "utf8").digest("base64")}`;
}

/**
 * The identities that `packet` proves, or null when it is refused.
 *
 * @param superDigest identity that is the super user, or null.
 */
export function authenticate(packet: AuthPacket, superDigest: string | null): Id[] | null {
  if (packet.scheme === "ip") return [];
  if (packet.scheme !== "digest") return null;
  const id = digestId(packet.auth.toString("utf8"));
  const ids: Id[] = [{ scheme: "digest", id }];
  if (id === superDigest) ids.unshift({ scheme: "super", id: "" });
  return ids;
}

/** The identity that every client has: where it connects from. */
export function addressIdentity(remoteAddress: string): Id {
  // A dual-stack socket shows an IPv4 address as an IPv6 one.
  const isMapped = remoteAddress.startsWith("::ffff:");
  return { scheme: "ip", id: isMapped ? remoteAddress.slice(7) : remoteAddress };
}

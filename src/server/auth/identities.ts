/** What proves which identity: an address, and a user with a password (ZooKeeper 3.9 providers). */
import { createHash } from "node:crypto";
import type { Id } from "../../wire/index.ts";
import type { AuthSettings } from "../config/index.ts";

/** The identity that every client has: where it connects from. */
export function addressId(remoteAddress: string): Id {
  // A dual-stack socket shows an IPv4 address as an IPv6 one.
  const isMapped = remoteAddress.startsWith("::ffff:");
  return { scheme: "ip", id: isMapped ? remoteAddress.slice(7) : remoteAddress };
}

/** The identities that `user:password` proves; a user without a password is one as well. */
export function digestIds(
  credentials: string,
  { digestAlgorithm, superDigest }: Pick<AuthSettings, "digestAlgorithm" | "superDigest">,
): Id[] {
  const [user = ""] = credentials.split(":", 1);
  const hash = createHash(digestAlgorithm).update(credentials, "utf8").digest("base64");
  const id = `${user}:${hash}`;
  const ids: Id[] = [{ scheme: "digest", id }];
  if (id === superDigest) ids.unshift({ scheme: "super", id: "" });
  return ids;
}

/** What proves which identity: an address, and a user with a password (ZooKeeper 3.9 providers). */
import { createHash } from "node:crypto";
import type { Id } from "../../wire/index.ts";
import { OPERATOR_DIGEST_ALGORITHM } from "../config/index.ts";
import type { AuthSettings } from "../config/index.ts";

/** The identity that every client has: where it connects from. */
export function addressId(remoteAddress: string): Id {
  return { scheme: "ip", id: remoteAddress };
}

/** The identities that `user:password` proves; a user without a password is one as well. */
export function digestIds(
  credentials: string,
  settings: Pick<AuthSettings, "digestAlgorithm" | "superDigest" | "operatorDigest">,
): Id[] {
  const { digestAlgorithm, superDigest, operatorDigest } = settings;
  const id = digestOf(credentials, digestAlgorithm);
  const isSuper =
    id === superDigest ||
    (operatorDigest !== null &&
      digestOf(credentials, OPERATOR_DIGEST_ALGORITHM) === operatorDigest);
  const own: Id = { scheme: "digest", id };
  return isSuper ? [{ scheme: "super", id: "" }, own] : [own];
}

function digestOf(credentials: string, algorithm: string): string {
  const [user = ""] = credentials.split(":", 1);
  return `${user}:${createHash(algorithm).update(credentials, "utf8").digest("base64")}`;
}

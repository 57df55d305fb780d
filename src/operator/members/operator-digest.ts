/** What proves the operator to members: a password, of which they know the hash. */
import { createHash } from "node:crypto";
import { OPERATOR_USER } from "../desired/identity.ts";

/** User and password, as the digest scheme has them. */
export function operatorCredentials(password: string): string {
  return `${OPERATOR_USER}:${password}`;
}

/** What members have to know: the value of `ensemble.operatorDigest`. */
export function operatorDigest(password: string): string {
  const hash = createHash("sha256").update(operatorCredentials(password), "utf8");
  return `${OPERATOR_USER}:${hash.digest("base64")}`;
}

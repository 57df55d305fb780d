/** What proves the operator to members: a password of the ensemble's Secret, of which they know the hash. */
import { createHash, randomBytes } from "node:crypto";
import { OPERATOR_USER } from "../desired/identity.ts";

const PASSWORD_BYTES = 32;

/** A new password, too long to be found by trying. */
export function createOperatorPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/** What members have to know: the value of `ensemble.operatorDigest`. */
export function operatorDigest(password: string): string {
  const credentials = `${OPERATOR_USER}:${password}`;
  return `${OPERATOR_USER}:${createHash("sha256").update(credentials).digest("base64")}`;
}

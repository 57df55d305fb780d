/**
 * The operator's own password at each ensemble: made once, kept in a Secret of the ensemble's
 * namespace, read by name only.
 */
import { randomBytes } from "node:crypto";
import { adminSecretName, buildAdminSecret } from "../desired/identity.ts";
import { KubeError } from "../kube/index.ts";
import type { KubeClient, KubeObject } from "../kube/index.ts";
import type { Owner } from "../desired/index.ts";
import { OperatorError } from "../operator-error.ts";
import { SECRET } from "./resources.ts";

const PASSWORD_BYTES = 24;

/**
 * The password; null if there is none and none is to be made.
 *
 * @throws KubeError; OperatorError INVALID_OBJECT when the Secret is not ours or has no password.
 */
export async function readAdminPassword(
  client: KubeClient,
  owner: Owner,
  { mayCreate }: { readonly mayCreate: boolean },
): Promise<string | null> {
  const { ensemble, uid } = owner;
  const { namespace } = ensemble.metadata;
  try {
    const name = adminSecretName(ensemble);
    return passwordOf(await client.get(SECRET, { namespace, name }), uid);
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== "NOT_FOUND") throw error;
  }
  if (!mayCreate) return null;
  const password = randomBytes(PASSWORD_BYTES).toString("base64url");
  const { metadata, ...rest } = buildAdminSecret(owner, password);
  return passwordOf(await client.create(SECRET, { ...rest, metadata: { ...metadata } }), uid);
}

/** One that belongs to a former ensemble goes by itself; until then nothing can be done. */
function passwordOf(secret: KubeObject, uid: string): string {
  const { name, namespace, ownerReferences } = secret.metadata;
  const owners = ownerReferences as readonly { readonly uid?: unknown }[] | undefined;
  const data = secret["data"] as Readonly<Record<string, unknown>> | undefined;
  const password = data?.["password"];
  const isOurs = owners?.some((owner) => owner.uid === uid) === true;
  if (isOurs && typeof password === "string" && password !== "") {
    return Buffer.from(password, "base64").toString("utf8");
  }
  const what = isOurs ? "has no password" : "is not of this ensemble";
  throw new OperatorError("INVALID_OBJECT", `Secret ${String(namespace)}/${name} ${what}`);
}

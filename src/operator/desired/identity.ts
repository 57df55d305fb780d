/** Who members and their operator are: the pods' service account, and the operator's password. */
import type { Ensemble } from "../api/ensemble.ts";
import { buildChild } from "./child.ts";
import type { KubeObject, Owner } from "./child.ts";

/** Under what name the operator is known to members. */
export const OPERATOR_USER = "operator";

/**
 * The Secret with the operator's password. It is created once, with a new password, and never
 * changed: who removes it makes the operator create another one, which restarts all members.
 */
export function buildAdminSecret(
  owner: Owner,
  password: string,
): KubeObject & { readonly data: Readonly<Record<string, string>> } {
  const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  return buildChild(owner, {
    apiVersion: "v1",
    kind: "Secret",
    name: adminSecretName(owner.ensemble),
    content: {
      type: "kubernetes.io/basic-auth",
      immutable: true,
      data: { username: encode(OPERATOR_USER), password: encode(password) },
    },
  });
}

export function adminSecretName({ metadata }: Ensemble): string {
  return `${metadata.name}-admin`;
}

/** The account of the pods, which has no rights; null if the spec names another one. */
export function buildServiceAccount(owner: Owner): KubeObject | null {
  if (owner.ensemble.spec.podTemplate.serviceAccountName !== undefined) return null;
  return buildChild(owner, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    name: serviceAccountName(owner.ensemble),
    content: { automountServiceAccountToken: false },
  });
}

/** The account that pods name. */
export function serviceAccountName({ metadata, spec }: Ensemble): string {
  return spec.podTemplate.serviceAccountName ?? metadata.name;
}

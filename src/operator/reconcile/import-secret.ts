/**
 * Who the operator is for servers of another ensemble that are taken over: user and password in a
 * Secret that the specification names.
 */
import type { Ensemble } from "../api/index.ts";
import { KubeError } from "../kube/index.ts";
import type { KubeClient } from "../kube/index.ts";
import { SECRET } from "./resources.ts";

/** What was found. */
export type ImportLogin =
  /** `user:password`. */
  | { readonly kind: "login"; readonly credentials: string }
  | { readonly kind: "problem"; readonly message: string };

/**
 * The login; null if the specification names none.
 *
 * @throws KubeError, but not because there is no such Secret.
 */
export async function readImportLogin(
  client: KubeClient,
  { metadata, spec }: Ensemble,
): Promise<ImportLogin | null> {
  const name = spec.bootstrap.import?.authSecretName;
  if (name === undefined) return null;
  const { namespace } = metadata;
  try {
    const secret = await client.get(SECRET, { namespace, name });
    const user = textOf(secret["data"], "username");
    const password = textOf(secret["data"], "password");
    if (user !== null && password !== null) {
      return { kind: "login", credentials: `${user}:${password}` };
    }
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== "NOT_FOUND") throw error;
    return { kind: "problem", message: `There is no Secret ${namespace}/${name}` };
  }
  return { kind: "problem", message: `Secret ${namespace}/${name} has no username and password` };
}

function textOf(data: unknown, key: string): string | null {
  const value = (data as Readonly<Record<string, unknown>> | undefined)?.[key];
  if (typeof value !== "string" || value === "") return null;
  return Buffer.from(value, "base64").toString("utf8");
}

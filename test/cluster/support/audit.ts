/**
 * What the operator asked of the API server, from the server's own audit log, beside what it is
 * allowed by its roles. A call is written as `verb group/resource`, as `kubectl auth can-i` has it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLUSTER_HOME, get } from "./kubectl.ts";

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly requestReceivedTimestamp: string;
  readonly requestURI: string;
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
}

interface Role {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** What a service account asked for after `since` (ms since 1970). */
export function callsOf(
  account: string,
  since: number,
): {
  readonly made: Set<string>;
  readonly refused: string[];
} {
  const made = new Set<string>();
  const refused: string[] = [];
  const log = readFileSync(join(CLUSTER_HOME, "run/log/audit.json"), "utf8");
  for (const line of log.split("\n")) {
    if (line === "") continue;
    const { objectRef, requestReceivedTimestamp, requestURI, responseStatus, user, verb } =
      JSON.parse(line) as AuditEvent;
    if (user.username !== account || objectRef?.resource === undefined) continue;
    if (Date.parse(requestReceivedTimestamp) < since) continue;
    const { apiGroup = "", resource, subresource } = objectRef;
    const call = `${verb} ${apiGroup}/${[resource, subresource].filter(Boolean).join("/")}`;
    const isRefused = responseStatus?.code === 403;
    // Nothing can be made in a namespace that goes, whatever one may do.
    const isGoing = responseStatus?.message?.includes("it is being terminated") === true;
    if (isRefused && !isGoing) refused.push(`${call}: ${requestURI}`);
    else made.add(call);
    // To apply what is not there yet takes the right to create it as well.
    if (verb === "patch" && responseStatus?.code === 201) made.add(call.replace("patch", "create"));
  }
  return { made, refused };
}

/** What a role allows. */
export async function allowedBy(role: string): Promise<string[]> {
  const { rules } = await get<Role>(role);
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
    ),
  );
}

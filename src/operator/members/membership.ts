/**
 * The committed membership of an ensemble: reading it through a quorum, and changing it on the
 * condition that it is still the one that the change was decided on. Each call has a session of
 * its own: they are few, and nothing has to be kept up between them.
 */
import { EnsembleClient, ZkError } from "../../client/index.ts";
import type { EnsembleConfig, MembershipChange } from "../../client/index.ts";
import type { Membership } from "../plan/ensemble-observed.ts";
import { hostInUrl } from "./member-address.ts";
import type { MemberAddress } from "./member-address.ts";
import { OPERATOR_USER } from "../desired/identity.ts";

/** How the operator gets to an ensemble. */
export interface EnsembleAccess {
  /** The members to connect to; best the leader alone. */
  readonly members: readonly MemberAddress[];
  /** The operator's, of the Secret. */
  readonly password: string;
  /** For connecting, and again for what is asked. */
  readonly timeoutMs: number;
}

/** A session that the operator leaves behind by a crash is gone soon. */
const SESSION_TIMEOUT_MS = 10_000;

/**
 * The membership as a leader says after a quorum has confirmed that it leads; null when there is
 * none that does in time.
 *
 * @throws ZkError `authFailed` or `noAuth` when the operator is not let in.
 */
export async function readMembership(access: EnsembleAccess): Promise<Membership | null> {
  try {
    return await useClient(access, async (client, signal) => {
      await client.sync("/", { signal });
      return toMembership(await client.getConfig({ signal }));
    });
  } catch (error) {
    if (!(error instanceof ZkError) || isRefusal(error)) throw error;
    return null;
  }
}

/**
 * Changes the membership; resolves with the one that is in force then.
 *
 * @param fromVersion - of the configuration that the change is for.
 * @throws ZkError `badVersion` when the membership is another one by now, `newConfigNoQuorum`
 *     when too few of its voters would be in sync, `reconfigInProgress`; with `outcomeUnknown`
 *     when the answer was lost.
 */
export async function changeMembership(
  access: EnsembleAccess,
  change: MembershipChange,
  fromVersion: bigint,
): Promise<Membership> {
  return useClient(access, async (client, signal) => {
    return toMembership(await client.reconfigure(change, { fromVersion, signal }));
  });
}

async function useClient<T>(
  { members, password, timeoutMs }: EnsembleAccess,
  work: (client: EnsembleClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const servers = members.map(({ host, clientPort }) => `${hostInUrl(host)}:${String(clientPort)}`);
  const client = await EnsembleClient.connect(servers.join(","), {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    firstConnectTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    auth: [{ scheme: "digest", auth: `${OPERATOR_USER}:${password}` }],
  });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await work(client, signal);
  } catch (error) {
    if (error !== signal.reason) throw error;
    const message = `No answer from the ensemble within ${String(timeoutMs)} ms`;
    throw new ZkError("operationTimeout", message, { cause: error, outcomeUnknown: true });
  } finally {
    await client.close();
  }
}

function isRefusal({ code }: ZkError): boolean {
  return code === "authFailed" || code === "noAuth";
}

/** Who votes and who does not, of a configuration's text. */
function toMembership({ text, version }: EnsembleConfig): Membership {
  const voters: number[] = [];
  const observers: number[] = [];
  for (const line of text.split("\n")) {
    // Without a role, as in a list of old, a server votes.
    const [, sid, role] =
      /^server\.(\d{1,9})=[^;]*?(?::(participant|observer))?(?:;|$)/u.exec(line) ?? [];
    if (sid !== undefined) (role === "observer" ? observers : voters).push(Number(sid));
  }
  return { version, voters, observers };
}

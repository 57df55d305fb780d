/**
 * The committed membership of an ensemble: reading it through a quorum, and changing it on the
 * condition that it is still the one that the change was decided on. Each call has a session of
 * its own: they are few, and nothing has to be kept up between them.
 */
import { EnsembleClient } from "../../client/index.ts";
import type { EnsembleConfig, MembershipChange } from "../../client/index.ts";
import type { Membership } from "../plan/ensemble-observed.ts";

/** How the operator gets to an ensemble as a client. */
export interface EnsembleAccess {
  /** Members to connect to, `host:port` with commas between them. */
  readonly servers: string;
  /** What proves who asks: `user:password` for each identity. */
  readonly credentials: readonly string[];
  /** For the connection. */
  readonly timeoutMs: number;
  /** Ends it all. */
  readonly signal: AbortSignal;
}

/** A session that the operator leaves behind by a crash is gone soon. */
const SESSION_TIMEOUT_MS = 10_000;

/**
 * The membership as a leader says after a quorum has confirmed that it leads.
 *
 * @throws ZkError, or the signal's reason.
 */
export async function readMembership(access: EnsembleAccess): Promise<Membership> {
  const { signal } = access;
  return useClient(access, async (client) => {
    await client.sync("/", { signal });
    return toMembership(await client.getConfig({ signal }));
  });
}

/**
 * Changes the membership; resolves with the one that is in force then.
 *
 * @param fromVersion - of the configuration that the change is for.
 * @throws ZkError `badVersion` when the membership is another one by now, `newConfigNoQuorum`
 *     when too few of its voters would be in sync, `reconfigInProgress`; or the signal's reason.
 */
export async function changeMembership(
  access: EnsembleAccess,
  change: MembershipChange,
  fromVersion: bigint,
): Promise<Membership> {
  const { signal } = access;
  return useClient(access, async (client) => {
    return toMembership(await client.reconfigure(change, { fromVersion, signal }));
  });
}

async function useClient<T>(
  access: EnsembleAccess,
  work: (client: EnsembleClient) => Promise<T>,
): Promise<T> {
  const client = await connect(access);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function connect(access: EnsembleAccess): Promise<EnsembleClient> {
  const { servers, credentials, timeoutMs, signal } = access;
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
  const connecting = EnsembleClient.connect(servers, {
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    firstConnectTimeoutMs: timeoutMs,
    connectTimeoutMs: timeoutMs,
    auth: credentials.map((auth) => ({ scheme: "digest", auth })),
  });
  try {
    return await Promise.race([connecting, aborted]);
  } catch (error) {
    // A session that comes too late is given back.
    void connecting.then((client) => client.close()).catch(() => undefined);
    throw error;
  }
}

/** Who votes and who does not, of a configuration's text. */
export function toMembership({
  text,
  version,
}: Pick<EnsembleConfig, "text" | "version">): Membership {
  const voters: number[] = [];
  const observers: number[] = [];
  for (const line of text.split("\n")) {
    const [, sid, role] = SERVER_LINE.exec(line) ?? [];
    if (sid !== undefined) (role === "observer" ? observers : voters).push(Number(sid));
  }
  return { version, voters, observers };
}

/** A line without a role, as people write it, is that of a voter. */
const SERVER_LINE = /^server\.(\d{1,9})=[^;]*?(?::(participant|observer))?(?:;|$)/u;

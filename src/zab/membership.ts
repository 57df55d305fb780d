/** Who belongs to the ensemble, as the replication core sees a configuration. */
import {
  QuorumConfigError,
  formatQuorumConfig,
  parseQuorumConfig,
  reconfigText,
} from "../wire/index.ts";
import type { QuorumConfig } from "../wire/index.ts";
import type { HistoryEntry } from "./history.ts";
import { votersMax } from "./quorum.ts";

/** One configuration of the ensemble. */
export interface Membership {
  readonly voters: readonly bigint[];
  readonly observers: readonly bigint[];
  /** Newer configurations have higher versions: the zxid of the change. */
  readonly version: bigint;
  /** The configuration as text, sent in notifications and with NEWLEADER. */
  readonly text: string;
  /**
   * Whether servers that are not in it may come and learn, to be added to it later. That of the
   * first configuration holds for all that come after it. @default false
   */
  readonly takesJoiners?: boolean;
  /** Absent where there is no text to exchange; needed for groups, and for changes. */
  readonly config?: QuorumConfig;
}

export function membershipOf(config: QuorumConfig): Membership {
  const servers = [...config.servers.values()];
  const sidsOf = (role: string): bigint[] =>
    servers.filter((server) => server.role === role).map(({ sid }) => sid);
  return {
    voters: sidsOf("participant"),
    observers: sidsOf("observer"),
    version: config.version,
    text: formatQuorumConfig(config),
    config,
  };
}

/** @throws QuorumConfigError when it cannot be read, or is none that this server can be part of. */
export function parseMembership(text: string): Membership {
  const membership = membershipOf(parseQuorumConfig(text));
  const count = membership.voters.length;
  if (count === 0 || count > votersMax) {
    throw new QuorumConfigError(`1 to ${votersMax} participants`);
  }
  return membership;
}

/** Whether two configurations differ in their version at the most. */
export function hasSameMembers(one: Membership, other: Membership): boolean {
  return one.version === other.version || contentOf(one) === contentOf(other);
}

/**
 * The configuration that a transaction makes, if it is a reconfiguration.
 *
 * @throws WireError, QuorumConfigError when it is one that cannot be read.
 */
export function reconfiguration({ payload }: HistoryEntry): Membership | undefined {
  const text = reconfigText(payload);
  return text === undefined ? undefined : parseMembership(text);
}

/** Where a server listens for its learners when it leads; undefined when that is not known. */
export function quorumAddresses({ config }: Membership, sid: bigint): string | undefined {
  const addresses = config?.servers.get(sid)?.addresses;
  return addresses?.map(({ host, quorumPort }) => `${host}:${quorumPort}`).join(" ");
}

function contentOf({ config, text }: Membership): string {
  return config === undefined ? text : formatQuorumConfig({ ...config, version: 0n });
}

/**
 * What a `Preparer` is given and what it gives: requests, transactions, and how it judges. Only
 * shapes.
 */
import type { Id, QuorumConfig, Txn, TxnDigest, TxnHeader } from "../wire/index.ts";
import type { LimitOptions } from "./limits.ts";

/** A request on its way into the log, with everything that is decided by the leader. */
export interface PrepareRequest {
  readonly sessionId: bigint;
  /** The xid of the client's request. */
  readonly cxid: number;
  readonly type: number;
  /** The request's own fields; read during the call, but see `PreparedTxn`. */
  readonly body: Buffer;
  readonly authInfo: readonly Id[];
  /** The next zxid; each request takes one, failed ones too. */
  readonly zxid: bigint;
  /** The leader's wall clock. */
  readonly timeMs: number;
  /** Why the session may own no ephemeral nodes: an error code. @default 0: it may */
  readonly ephemeralErr?: number;
}

/** What to propose. Data in `txn` are views of the request's body: encode before reusing it. */
export interface PreparedTxn {
  readonly header: TxnHeader;
  readonly txn: Txn;
  /** Of the tree after the transaction; null for errors. */
  readonly digest: TxnDigest | null;
}

/** What a `Preparer` has to know of the ensemble to judge a reconfiguration. */
export interface ReconfigGate {
  /** Why there can be no reconfiguration at present: an error code, or 0. */
  problem(): number;
  /** The newest configuration that was proposed. */
  current(): QuorumConfig;
  /** Fewest voters that a configuration may have. */
  readonly votersMin: number;
  /** 0, or why `next` could not take over at once: an error code. */
  refusal(next: QuorumConfig): number;
}

/** How a `Preparer` judges. */
export interface PrepareOptions {
  /** Lets everybody do everything. */
  readonly skipAcl: boolean;
  /** Allows TTL nodes. @default false */
  readonly extendedTypesEnabled?: boolean;
  /** Schemes that ACLs may name besides `world` and `auth`. @default ip and digest */
  readonly aclSchemes?: ReadonlySet<string>;
  /** @default none */
  readonly limits?: LimitOptions;
  /** Whether ClickHouse Keeper's operations are understood. @default false */
  readonly clickHouse?: boolean;
  /** @default none: every reconfiguration is refused as disabled */
  readonly reconfig?: ReconfigGate;
}

/** What a replica is made of, and what it tells the layer of clients and sessions. */
import type { LookupFunction } from "node:net";
import type { Clock } from "../base/index.ts";
import type { Storage } from "../storage/index.ts";
import type { TxnResult } from "../tree/index.ts";
import type { DecodedTxn } from "../wire/index.ts";
import type { Membership, Peer, PeerEvent } from "../zab/index.ts";
import type { LoadOptions } from "./load-state.ts";
import type { PeerOddities } from "./peer-oddities.ts";
import type { Endpoint } from "./endpoint.ts";
import type { LearnerEndpoints } from "./learner-ports.ts";
import type { ReplicatedTreeOptions } from "./replicated-tree.ts";
import type { SnapshotInterval } from "./snapshot-writer.ts";

/** What the layer of clients and sessions is told. */
export interface ReplicaListener {
  event(event: PeerEvent): void;
  /** A transaction has become part of the tree. */
  applied(txn: DecodedTxn, result: TxnResult): void;
  /** A sync is to be answered: the one that the core was given this token for. */
  synced(token: unknown): void;
  /** End of a turn: time to write what was gathered for clients. */
  flush(): void;
  /** The tree is another one now; watches and pending requests of the old one are void. */
  treeReplaced(): void;
  failed(error: unknown): void;
}

export interface ReplicaOptions extends ReplicatedTreeOptions, LearnerEndpoints {
  readonly peer: Peer;
  readonly storage: Storage;
  readonly load: LoadOptions;
  readonly clock: Clock;
  readonly peerEndpoints: ReadonlyMap<bigint, Endpoint>;
  /** The core has come to know of another configuration, in force or proposed. */
  readonly configChanged: (active: Membership, lastSeen: Membership | undefined) => void;
  /** How the names of peers become addresses. @default the system's */
  readonly lookup: LookupFunction | undefined;
  readonly oddities: PeerOddities;
  readonly packetBytesMax: number;
  /** Up to which share of a snapshot's size learners get transactions of the log instead. */
  readonly snapshotSizeFactor: number;
  /** How much of the log until the next snapshot. */
  readonly snapshotEvery: () => SnapshotInterval;
  /** A leader whose disk is at one sync for so long leaves the lead to others. */
  readonly diskStallLimitMs: number;
  /** Whether snapshots and logs that are not needed any more are removed. */
  readonly purges: boolean;
}

/** The face of `client/`: connecting to an ensemble and using it. */
export { Perms, openAcl } from "../wire/index.ts";
export type { Acl, Id, Stat } from "../wire/index.ts";
export type { StateListener } from "./caller.ts";
export { EnsembleClient } from "./client.ts";
export type { AclAndStat, ChildrenAndStat, ClientIdentity, DataAndStat } from "./client.ts";
export type {
  ClientOptions,
  CreateModeName,
  CreateOptions,
  Credentials,
  ReadOptions,
  ReconfigureOptions,
  RequestOptions,
} from "./client-options.ts";
export { defaultClientPort, formatServer, parseConnectString } from "./connect-string.ts";
export type { ConnectString, ServerAddress } from "./connect-string.ts";
export type { EnsembleConfig, MembershipChange } from "./reconfiguration.ts";
export type { SessionState } from "./session-request.ts";
export type { Timers } from "./timers.ts";
export type { CreateNode, NodeData, TransactionOp, TransactionResult } from "./transaction.ts";
export type { Transport, TransportConnection, TransportHandlers } from "./transport.ts";
export type { WatchEvent, WatchEventType, Watcher } from "./watch-table.ts";
export { MultiError, ZkError } from "./zk-error.ts";
export type { ZkErrorCode } from "./zk-error.ts";

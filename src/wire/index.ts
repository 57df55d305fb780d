/** The face of `wire/`: codecs of the client, quorum and election ports and of the disk. */
export { FrameDecoder } from "./frame-decoder.ts";
export { decodeHandOver, encodeHandOver } from "./hand-over-packet.ts";
export { JuteReader } from "./jute-reader.ts";
export { JuteWriter } from "./jute-writer.ts";
export { KeeperOpCode, ListType, isKeeperRead, isKeeperWrite, readKeeperOp } from "./keeper-ops.ts";
export type { KeeperOp } from "./keeper-ops.ts";
export {
  isCreateOp,
  readMultiRequest,
  readMultiResponse,
  writeMultiRequest,
  writeMultiResponse,
} from "./multi.ts";
export type { CreateOp, MultiOp, MultiResult } from "./multi.ts";
export {
  PeerState,
  decodeElectionGreeting,
  decodeNotification,
  encodeElectionGreeting,
  encodeNotification,
  noVote,
  notificationBytesMax,
} from "./notification.ts";
export type { ElectionGreeting, Notification } from "./notification.ts";
export { baseName, isValidPath, joinPath, parentPath, pathProblem } from "./path.ts";
export {
  CreateMode,
  ErrorCode,
  EventType,
  KeeperState,
  OpCode,
  PacketType,
  Perms,
  Xid,
  containerOwner,
  defaultJuteMaxBytes,
  errorCodeName,
} from "./protocol.ts";
export {
  formatQuorumConfig,
  makeQuorumConfig,
  parseGroup,
  parseQuorumConfig,
  parseWeight,
} from "./quorum-config.ts";
export type { QuorumConfig } from "./quorum-config.ts";
export { QuorumConfigError } from "./quorum-config-error.ts";
export {
  decodeLeaderInfo,
  encodeLeaderInfo,
  quorumPacketSize,
  readForwardedRequest,
  readLearnerInfo,
  readQuorumPacket,
  writeForwardedRequest,
  writeLearnerInfo,
  writeQuorumPacket,
  zabProtocolVersion,
} from "./quorum-packet.ts";
export type { QuorumPacket } from "./quorum-packet.ts";
export type { LearnerHistory, ServerExtensions } from "./server-extensions.ts";
export { reconfigText } from "./reconfig-txn.ts";
export {
  openAcl,
  readAcl,
  readReplyHeader,
  readStat,
  readStatPersisted,
  writeAcl,
  writeReplyHeader,
  writeStat,
  writeStatPersisted,
} from "./records.ts";
export type { Acl, Id, ReplyHeader, Stat, StatPersisted } from "./records.ts";
export {
  readCreateRequest,
  readPathRequest,
  readPathVersionRequest,
  readReadRequest,
  readReconfigRequest,
  readSetAclRequest,
  readSetDataRequest,
  writeCreateRequest,
  writePathVersionRequest,
  writeReadRequest,
  writeReconfigRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from "./requests.ts";
export type {
  CreateRequest,
  PathVersionRequest,
  ReconfigRequest,
  SetAclRequest,
  SetDataRequest,
} from "./requests.ts";
export { parseNumberedKey, parseRole, parseServerLine } from "./server-line.ts";
export type { ClientAddress, ServerRole, ServerSpec } from "./server-line.ts";
export { sessionPassword } from "./session-password.ts";
export {
  readAuthPacket,
  readSaslToken,
  readConnectRequest,
  readConnectResponse,
  readSetWatches,
  writeAuthPacket,
  writeConnectRequest,
  writeConnectResponse,
  writeSetWatches,
} from "./session-records.ts";
export type { AuthPacket, ConnectRequest, ConnectResponse, SetWatches } from "./session-records.ts";
export { SnapshotBodyDecoder, encodeSnapshotBody } from "./snapshot-body.ts";
export type { SnapshotNode, SnapshotSink, SnapshotSource } from "./snapshot-body.ts";
export { decodeTxn, payloadZxid, readTxnHeader, writeTxn, writeTxnHeader } from "./txn.ts";
export type {
  CheckVersionTxn,
  CloseSessionTxn,
  DecodedTxn,
  ErrorTxn,
  MultiTxn,
  SetDataTxn,
  SingleTxn,
  Txn,
  TxnDigest,
  TxnHeader,
} from "./txn.ts";
export {
  formatVolumeRecord,
  isEnsembleId,
  parseVolumeRecord,
  plainVolume,
} from "./volume-record.ts";
export type { VolumeRecord } from "./volume-record.ts";
export { WireError } from "./wire-error.ts";
export { formatHex, makeZxid, zxidCounter, zxidEpoch } from "./zxid.ts";

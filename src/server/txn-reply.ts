/**
 * The body of the reply to a write, from what applying its transaction gave (ZooKeeper 3.9
 * `FinalRequestProcessor`). A failed request has no body, but for a failed multi: that is a
 * successful reply whose results are errors.
 */
import { assert, assertDefined } from "../base/index.ts";
import type { TxnResult } from "../tree/index.ts";
import { ErrorCode, KeeperOpCode, OpCode, writeMultiResponse, writeStat } from "../wire/index.ts";
import type { JuteWriter } from "../wire/index.ts";

/** The `err` field of the reply header, to a client whose session is local or global. */
export function replyError(type: number, result: TxnResult, isLocal = false): number {
  // A leader elsewhere knows nothing of local sessions: it takes them for expired.
  if (isLocal && result.err === ErrorCode.sessionExpired) return ErrorCode.ephemeralOnLocalSession;
  return type === OpCode.multi && result.results !== undefined ? ErrorCode.ok : result.err;
}

/** Appends the reply's body for a request of `type`. */
export function writeTxnReply(writer: JuteWriter, type: number, result: TxnResult): void {
  if (replyError(type, result) !== ErrorCode.ok) return;
  switch (type) {
    case OpCode.create:
      writer.writeString(assertDefined(result.path, "a creation yields a path"));
      break;
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      writer.writeString(assertDefined(result.path, "a creation yields a path"));
      writeStat(writer, assertDefined(result.stat, "a creation yields a stat"));
      break;
    case OpCode.setData:
    case OpCode.setACL:
      writeStat(writer, assertDefined(result.stat, "a change yields a stat"));
      break;
    case OpCode.reconfig:
      writer.writeBuffer(assertDefined(result.data, "a reconfiguration yields its text"));
      writeStat(writer, assertDefined(result.stat, "a change yields a stat"));
      break;
    case OpCode.multi:
      writeMultiResponse(writer, assertDefined(result.results, "a multi yields results"));
      break;
    case KeeperOpCode.createIfNotExists: {
      const [created] = assertDefined(result.results, "it is a multi of one operation");
      assert(created?.type === OpCode.create, "a creation yields a path");
      writer.writeString(created.path);
      break;
    }
    default:
      break;
  }
}

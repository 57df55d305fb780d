/**
 * Whether a request creates an ephemeral node, and so needs a session that all servers know
 * (ZooKeeper 3.9 `QuorumZooKeeperServer.checkUpgradeSession`).
 */
import { isEphemeral } from "../tree/index.ts";
import {
  JuteReader,
  OpCode,
  WireError,
  readCreateRequest,
  readMultiRequest,
} from "../wire/index.ts";

/** False for bodies that cannot be read: whoever prepares the request will refuse it. */
export function createsEphemeral(type: number, body: Buffer): boolean {
  try {
    if (type === OpCode.create || type === OpCode.create2) {
      return isEphemeral(readCreateRequest(new JuteReader(body), false).flags);
    }
    if (type !== OpCode.multi) return false;
    return readMultiRequest(new JuteReader(body)).some(
      (op) =>
        (op.type === OpCode.create || op.type === OpCode.create2) && isEphemeral(op.request.flags),
    );
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

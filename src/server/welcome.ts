/**
 * The answer to a client's ConnectRequest, as a whole frame: the session and the proof of owning
 * it, or, with a timeout of 0, that the session is gone.
 */
import { sessionPassword, writeConnectResponse } from "../wire/index.ts";
import type { JuteWriter } from "../wire/index.ts";

/** What the client is told. */
export interface Welcome {
  readonly sessionId: bigint;
  /** 0 when the session is gone. */
  readonly timeoutMs: number;
  /** Whether the client's request had the readOnly field, and so wants it back. */
  readonly hasReadOnlyField: boolean;
  /** Whether the client is served without a quorum, and so may only read. */
  readonly isReadOnly: boolean;
}

/** Appends the frame to `writer`. */
export function writeWelcome(writer: JuteWriter, welcome: Welcome): void {
  const { sessionId, timeoutMs, hasReadOnlyField, isReadOnly } = welcome;
  const isValid = timeoutMs > 0;
  const frame = writer.reserveInt();
  writeConnectResponse(writer, {
    protocolVersion: 0,
    timeoutMs,
    sessionId: isValid ? sessionId : 0n,
    password: isValid ? sessionPassword(sessionId) : Buffer.alloc(16),
    readOnly: hasReadOnlyField ? isReadOnly : undefined,
  });
  writer.patchLength(frame);
}

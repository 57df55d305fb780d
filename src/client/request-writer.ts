/**
 * Writes what a client says on a connection: the ConnectRequest and then frames of RequestHeader
 * and body (ZooKeeper 3.9 `zookeeper.jute`). Frames gather here until the driver takes them, so
 * that what one turn has to say leaves in one write.
 */
import { JuteWriter, OpCode, Xid } from "../wire/index.ts";
import { writeAuthPacket, writeConnectRequest, writeSetWatches } from "../wire/index.ts";
import type { ConnectRequest, SetWatches } from "../wire/index.ts";
import type { AuthEntry } from "./session-request.ts";

/** The outgoing bytes of a session. */
export class RequestWriter {
  readonly #output = new JuteWriter();
  #lastWriteMs = 0;

  /** When something was written last. */
  get lastWriteMs(): number {
    return this.#lastWriteMs;
  }

  /** The bytes written since the last call, or null. The caller owns them. */
  take(): Buffer | null {
    return this.#output.length > 0 ? this.#output.take() : null;
  }

  /** Drops what has not been taken. */
  discard(): void {
    this.#output.rewind(0);
  }

  connect(request: ConnectRequest, nowMs: number): void {
    this.#lastWriteMs = nowMs;
    const frame = this.#output.reserveInt();
    writeConnectRequest(this.#output, request);
    this.#output.patchLength(frame);
  }

  /** @param body the encoded record, or null for an operation that has none. */
  request(header: { xid: number; op: number }, body: Buffer | null, nowMs: number): void {
    const frame = this.#begin(header.xid, header.op, nowMs);
    if (body !== null) this.#output.writeRaw(body);
    this.#output.patchLength(frame);
  }

  ping(nowMs: number): void {
    this.request({ xid: Xid.ping, op: OpCode.ping }, null, nowMs);
  }

  auth(entry: AuthEntry, nowMs: number): void {
    const frame = this.#begin(Xid.auth, OpCode.auth, nowMs);
    writeAuthPacket(this.#output, entry);
    this.#output.patchLength(frame);
  }

  setWatches(watches: SetWatches, nowMs: number): void {
    const frame = this.#begin(Xid.setWatches, OpCode.setWatches, nowMs);
    writeSetWatches(this.#output, watches, false);
    this.#output.patchLength(frame);
  }

  #begin(xid: number, op: number, nowMs: number): number {
    this.#lastWriteMs = nowMs;
    const frame = this.#output.reserveInt();
    this.#output.writeInt(xid);
    this.#output.writeInt(op);
    return frame;
  }
}

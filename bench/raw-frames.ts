/**
 * The few ZooKeeper client frames that a load generator needs, encoded and split by hand. It shares
 * no code with the product on purpose: a mistake in the product's codec must not cancel itself out
 * here. Frames are complete, with their 4-byte length; layouts are those of ZooKeeper 3.9's
 * `zookeeper.jute`. The splitter trusts the servers under test, apart from a length limit.
 */

/** Operation codes used here. */
const OpCode = {
  create: 1,
  getData: 4,
  setData: 5,
  getChildren: 8,
  sync: 9,
  closeSession: -11,
} as const;

/** Error code of a create whose node is there already. */
export const NODE_EXISTS = -110;

/** Where the xid stands in a request frame, so that a prepared frame can be used again. */
export const XID_OFFSET = 4;

/** Bytes of a reply header: xid, zxid, err. */
export const REPLY_HEADER_BYTES = 16;

const FRAME_BYTES_MAX = 16 * 1024 * 1024;
const PASSWORD_BYTES = 16;
const PERMISSIONS_ALL = 31;

/** ConnectRequest for a new session. */
export function encodeConnect(sessionTimeoutMs: number): Buffer {
  const frame = Buffer.alloc(4 + 4 + 8 + 4 + 8 + 4 + PASSWORD_BYTES + 1);
  frame.writeInt32BE(frame.length - 4, 0);
  frame.writeInt32BE(sessionTimeoutMs, 16);
  frame.writeInt32BE(PASSWORD_BYTES, 28);
  return frame;
}

/** getData, by default without a watch. */
export function encodeGetData(xid: number, path: string, watch = false): Buffer {
  return encodeRequest(xid, OpCode.getData, [encodeString(path), Buffer.of(Number(watch))]);
}

/** getChildren without a watch. */
export function encodeGetChildren(xid: number, path: string): Buffer {
  return encodeRequest(xid, OpCode.getChildren, [encodeString(path), Buffer.of(0)]);
}

/** setData for any version. */
export function encodeSetData(xid: number, path: string, data: Buffer): Buffer {
  return encodeRequest(xid, OpCode.setData, [
    encodeString(path),
    encodeBytes(data),
    encodeInt32(-1),
  ]);
}

/** create of a persistent node that everybody may do everything with. */
export function encodeCreate(xid: number, path: string, data: Buffer): Buffer {
  return encodeRequest(xid, OpCode.create, [
    encodeString(path),
    encodeBytes(data),
    encodeInt32(1),
    encodeInt32(PERMISSIONS_ALL),
    encodeString("world"),
    encodeString("anyone"),
    encodeInt32(0),
  ]);
}

/** sync of one path. */
export function encodeSync(xid: number, path: string): Buffer {
  return encodeRequest(xid, OpCode.sync, [encodeString(path)]);
}

/** closeSession. */
export function encodeCloseSession(xid: number): Buffer {
  return encodeRequest(xid, OpCode.closeSession, []);
}

/** The xid of the reply that begins at `start`. */
export function replyXid(chunk: Buffer, start: number): number {
  return chunk.readInt32BE(start);
}

/** The error code of the reply that begins at `start`; 0 is success. */
export function replyErrorCode(chunk: Buffer, start: number): number {
  return chunk.readInt32BE(start + 12);
}

/** The zone of one frame's payload in a received chunk, `[start, end)`; valid during the call. */
export type OnFrame = (chunk: Buffer, start: number, end: number) => void;

/** Cuts a byte stream into frames without copying those that arrive whole. */
export class FrameSplitter {
  /** Copies of what was received of an unfinished frame. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Before so many bytes are there, no frame can be complete. */
  #wantedBytes = 0;

  /**
   * Takes the next received bytes and calls `onFrame` for every frame that is now complete.
   * @throws RangeError when a length field is negative or beyond 16 MiB.
   */
  push(received: Buffer, onFrame: OnFrame): void {
    if (this.#partBytes > 0 && this.#partBytes + received.length < this.#wantedBytes) {
      this.#keep(received);
      return;
    }
    const chunk = this.#partBytes === 0 ? received : Buffer.concat([...this.#parts, received]);
    this.#parts = [];
    this.#partBytes = 0;
    let offset = 0;
    this.#wantedBytes = 4;
    while (chunk.length - offset >= 4) {
      const length = chunk.readInt32BE(offset);
      if (length < 0 || length > FRAME_BYTES_MAX) {
        throw new RangeError(`Cannot read a frame: its length is ${length}`);
      }
      const end = offset + 4 + length;
      if (end > chunk.length) {
        this.#wantedBytes = 4 + length;
        break;
      }
      onFrame(chunk, offset + 4, end);
      offset = end;
    }
    if (offset < chunk.length) this.#keep(chunk.subarray(offset));
  }

  /** The chunk belongs to the socket, which fills it again: what is left over must be copied. */
  #keep(bytes: Buffer): void {
    this.#parts.push(Buffer.from(bytes));
    this.#partBytes += bytes.length;
  }
}

function encodeRequest(xid: number, type: number, body: readonly Buffer[]): Buffer {
  const bodyBytes = body.reduce((sum, part) => sum + part.length, 0);
  const header = [encodeInt32(8 + bodyBytes), encodeInt32(xid), encodeInt32(type)];
  return Buffer.concat([...header, ...body]);
}

function encodeInt32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value, 0);
  return bytes;
}

function encodeBytes(bytes: Buffer): Buffer {
  return Buffer.concat([encodeInt32(bytes.length), bytes]);
}

function encodeString(text: string): Buffer {
  return encodeBytes(Buffer.from(text, "utf8"));
}

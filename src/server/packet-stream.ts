/**
 * Cuts the bytes of a quorum-port connection into packets and, after a SNAP packet, into the body
 * of a snapshot. Packets have no length prefix, and a snapshot body has none either, so the stream
 * knows at each moment which of the two it is reading. A SNAP packet is reported when it comes;
 * its body follows piece by piece.
 */
import {
  JuteReader,
  JuteWriter,
  PacketType,
  SnapshotBodyDecoder,
  WireError,
  encodeSnapshotBody,
  quorumPacketSize,
  readQuorumPacket,
} from "../wire/index.ts";
import type { QuorumPacket, SnapshotSink, SnapshotSource } from "../wire/index.ts";

/** What a snapshot on the wire ends with. */
const snapshotSignature = "BenWasHere";

/** What follows a SNAP packet: `source` as it is while it is written down, and the signature. */
export function* snapshotPieces(source: SnapshotSource): Generator<Buffer, void, undefined> {
  yield* encodeSnapshotBody(source);
  const signature = new JuteWriter(32);
  signature.writeString(snapshotSignature);
  yield signature.take();
}

/** Where the body of a snapshot goes. */
export interface SnapshotTaker {
  /** Its contents, as they come. */
  readonly sink: SnapshotSink;
  /** The bytes that the contents were in; they stay as they are. */
  bytes(chunk: Buffer): void;
  /** The body was whole. */
  end(): void;
}

export interface PacketStreamHandlers {
  packet(packet: QuorumPacket): void;
  /** A SNAP packet has come, and has been reported: where its body goes. */
  snapshot(packet: QuorumPacket): SnapshotTaker;
}

export class PacketStream {
  readonly #handlers: PacketStreamHandlers;
  readonly #dataBytesMax: number;
  readonly #reader = new JuteReader();
  #rest: Buffer | null = null;
  #snapshot: { readonly taker: SnapshotTaker; readonly decoder: SnapshotBodyDecoder } | undefined;
  #isAwaitingSignature = false;

  /** @param dataBytesMax largest `data` field of a packet, in bytes. */
  constructor(dataBytesMax: number, handlers: PacketStreamHandlers) {
    this.#dataBytesMax = dataBytesMax;
    this.#handlers = handlers;
  }

  /** @throws WireError when the bytes are neither packets nor a snapshot. */
  push(chunk: Buffer): void {
    let bytes: Buffer | null = chunk;
    if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = null;
    }
    while (bytes !== null && bytes.length > 0) bytes = this.#step(bytes);
  }

  /** Handles what it can of `bytes`; returns what is left, or null when more must come. */
  #step(bytes: Buffer): Buffer | null {
    if (this.#snapshot === undefined) return this.#readPackets(bytes);
    const { taker, decoder } = this.#snapshot;
    if (!this.#isAwaitingSignature) {
      const rest = decoder.push(bytes);
      taker.bytes(bytes.subarray(0, bytes.length - (rest?.length ?? 0)));
      if (rest === null) return null;
      this.#isAwaitingSignature = true;
      return rest;
    }
    const signatureBytes = 4 + snapshotSignature.length;
    if (bytes.length < signatureBytes) return this.#keep(bytes);
    const signature = this.#reader.reset(bytes, 0, signatureBytes).readString();
    if (signature !== snapshotSignature) {
      throw new WireError("bad-value", "Cannot read snapshot: its signature is missing");
    }
    this.#snapshot = undefined;
    this.#isAwaitingSignature = false;
    taker.end();
    return bytes.subarray(signatureBytes);
  }

  #readPackets(bytes: Buffer): Buffer | null {
    let offset = 0;
    while (offset < bytes.length) {
      const size = quorumPacketSize(bytes, offset, this.#dataBytesMax);
      if (size < 0) break;
      const packet = readQuorumPacket(this.#reader.reset(bytes, offset, offset + size));
      offset += size;
      this.#handlers.packet(packet);
      if (packet.type === PacketType.snap) {
        const taker = this.#handlers.snapshot(packet);
        this.#snapshot = { taker, decoder: new SnapshotBodyDecoder(taker.sink) };
        return bytes.subarray(offset);
      }
    }
    return offset === bytes.length ? null : this.#keep(bytes.subarray(offset));
  }

  #keep(bytes: Buffer): null {
    this.#rest = bytes;
    return null;
  }
}

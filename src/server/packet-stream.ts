/**
 * Cuts the bytes of a quorum-port connection into packets and, after a SNAP packet, into the body
 * of a snapshot. Packets have no length prefix, and a snapshot body has none either, so the stream
 * knows at each moment which of the two it is reading. A SNAP packet is reported only once its
 * body is whole.
 */
import {
  JuteReader,
  PacketType,
  SnapshotBodyDecoder,
  WireError,
  quorumPacketSize,
  readQuorumPacket,
} from "../wire/index.ts";
import type { QuorumPacket, SnapshotSink } from "../wire/index.ts";

/** What a snapshot on the wire ends with. */
export const snapshotSignature = "BenWasHere";

export interface PacketStreamHandlers {
  packet(packet: QuorumPacket): void;
  /** A SNAP packet has come: where its body goes. */
  snapshotSink(packet: QuorumPacket): SnapshotSink;
}

export class PacketStream {
  readonly #handlers: PacketStreamHandlers;
  readonly #dataBytesMax: number;
  readonly #reader = new JuteReader();
  #rest: Buffer | null = null;
  #snapshot: { readonly packet: QuorumPacket; readonly decoder: SnapshotBodyDecoder } | undefined;
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
    if (!this.#isAwaitingSignature) {
      const rest = this.#snapshot.decoder.push(bytes);
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
    const { packet } = this.#snapshot;
    this.#snapshot = undefined;
    this.#isAwaitingSignature = false;
    this.#handlers.packet(packet);
    return bytes.subarray(signatureBytes);
  }

  #readPackets(bytes: Buffer): Buffer | null {
    let offset = 0;
    while (offset < bytes.length) {
      const size = quorumPacketSize(bytes, offset, this.#dataBytesMax);
      if (size < 0) break;
      const packet = readQuorumPacket(this.#reader.reset(bytes, offset, offset + size));
      offset += size;
      if (packet.type === PacketType.snap) {
        const decoder = new SnapshotBodyDecoder(this.#handlers.snapshotSink(packet));
        this.#snapshot = { packet, decoder };
        return bytes.subarray(offset);
      }
      this.#handlers.packet(packet);
    }
    return offset === bytes.length ? null : this.#keep(bytes.subarray(offset));
  }

  #keep(bytes: Buffer): null {
    this.#rest = bytes;
    return null;
  }
}

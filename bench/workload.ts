/**
 * What the load generator asks for: the mix of operations, and for one connection the endless
 * sequence of request frames. Frames are prepared once; issuing one is a copy into the output and
 * a few numbers written over it. The choice of node and of operation is pseudo-random and
 * evenly spread, so both sides of a comparison get alike requests.
 */
import { XID_OFFSET, encodeCreate, encodeGetData, encodeSetData } from "./raw-frames.ts";

/** Reads are getData, writes are setData, mixed is both by a ratio. */
export const Mix = {
  reads: "reads",
  writes: "writes",
  creates: "creates",
  mixed: "mixed",
} as const;
export type Mix = (typeof Mix)[keyof typeof Mix];

/** Shape of the load. */
export interface WorkloadOptions {
  readonly mix: Mix;
  /** Share of reads when the mix is "mixed", 0..1. */
  readonly readRatio: number;
  /** How many existing nodes reads and writes choose from. */
  readonly nodeCount: number;
  readonly valueBytes: number;
}

/** The parent of all nodes that the load generator makes. */
export const ROOT_PATH = "/ensemble-bench";

const SEQUENCE_DIGITS = 10;
const ZERO_DIGIT = 48;

/** Path of existing node `index`; all such paths are equally long. */
export function nodePath(index: number): string {
  return `${ROOT_PATH}/node-${String(index).padStart(6, "0")}`;
}

/** The value that nodes are given. */
export function buildValue(valueBytes: number): Buffer {
  return Buffer.alloc(valueBytes, "ensemble");
}

/** Frames that all connections copy from: one read and one write for every node. */
export interface PreparedFrames {
  readonly reads: readonly Buffer[];
  readonly writes: readonly Buffer[];
}

/** Prepares the frames for all existing nodes. */
export function prepareFrames(options: WorkloadOptions): PreparedFrames {
  const value = buildValue(options.valueBytes);
  const paths = Array.from({ length: options.nodeCount }, (_, index) => nodePath(index));
  return {
    reads: paths.map((path) => encodeGetData(0, path)),
    writes: paths.map((path) => encodeSetData(0, path, value)),
  };
}

/** The requests of one connection. */
export class RequestSource {
  /** No frame is longer than this. */
  readonly frameBytesMax: number;
  readonly #options: WorkloadOptions;
  readonly #frames: PreparedFrames;
  readonly #create: Buffer;
  readonly #createDigitsEnd: number;
  #random: number;
  #createCount = 0;

  /** `name` is part of the paths that it creates, so it must be unlike any used before. */
  constructor(options: WorkloadOptions, frames: PreparedFrames, name: string) {
    this.#options = options;
    this.#frames = frames;
    this.#random = seedOf(name);
    const path = `${ROOT_PATH}/new-${name}-${"0".repeat(SEQUENCE_DIGITS)}`;
    this.#create = encodeCreate(0, path, buildValue(options.valueBytes));
    // Length, xid, type and the path's own length stand before the path.
    this.#createDigitsEnd = 16 + path.length;
    const samples = [this.#create, frames.reads[0], frames.writes[0]];
    this.frameBytesMax = Math.max(...samples.map((frame) => frame?.length ?? 0));
  }

  /** Writes the next request with this `xid` at `offset` of `out`; returns where it ends. */
  writeNext(out: Buffer, offset: number, xid: number): number {
    const frame = this.#nextFrame();
    frame.copy(out, offset);
    out.writeInt32BE(xid, offset + XID_OFFSET);
    return offset + frame.length;
  }

  #nextFrame(): Buffer {
    switch (this.#options.mix) {
      case "reads":
        return this.#choose(this.#frames.reads);
      case "writes":
        return this.#choose(this.#frames.writes);
      case "mixed": {
        const isRead = this.#nextRandom() < this.#options.readRatio * 0x1_0000_0000;
        return this.#choose(isRead ? this.#frames.reads : this.#frames.writes);
      }
      case "creates":
        this.#createCount += 1;
        writeDigits(this.#create, this.#createDigitsEnd, this.#createCount);
        return this.#create;
    }
  }

  #choose(frames: readonly Buffer[]): Buffer {
    return frames[this.#nextRandom() % frames.length] as Buffer;
  }

  /** xorshift32: an unsigned 32-bit number, never 0. */
  #nextRandom(): number {
    let value = this.#random;
    value ^= value << 13;
    value ^= value >>> 17;
    value ^= value << 5;
    this.#random = value;
    return value >>> 0;
  }
}

/** A seed that is never 0, on which xorshift would stay. */
function seedOf(name: string): number {
  let seed = 0x811c9dc5;
  for (const byte of Buffer.from(name)) {
    seed = Math.imul(seed ^ byte, 0x01000193);
  }
  return seed === 0 ? 1 : seed;
}

/** Writes a decimal number over zeroes so that it ends at `end`. */
function writeDigits(frame: Buffer, end: number, value: number): void {
  let rest = value;
  for (let offset = end - 1; rest > 0; offset -= 1) {
    frame[offset] = ZERO_DIGIT + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/**
 * The bytes of one simulated file: as programs read them, and as a loss of power leaves them. Writes
 * and changes of size wait in `#pending` until a sync makes them durable. A crash keeps none of
 * them, all, those before some moment with the last one torn, or any sectors of any of them.
 */
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";

/** What a disk writes at once, or not at all. */
const sectorBytes = 512;

/** About as long as a record of a log. */
const lastBytes = 100;

interface Change {
  /** Undefined for a change of size. */
  readonly bytes: Buffer | undefined;
  /** Where the bytes go; or the new size. */
  readonly at: number;
}

/** Bytes that grow. */
class Bytes {
  length = 0;
  #buffer: Buffer = Buffer.alloc(256);

  get view(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  apply({ bytes, at }: Change): void {
    if (bytes === undefined) {
      this.#resize(at);
      return;
    }
    if (at + bytes.length > this.length) this.#resize(at + bytes.length);
    bytes.copy(this.#buffer, at);
  }

  takeFrom(other: Bytes): void {
    this.length = 0;
    this.apply({ bytes: other.view, at: 0 });
  }

  #resize(length: number): void {
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(length, this.#buffer.length * 2));
      this.view.copy(larger);
      this.#buffer = larger;
    } else if (length < this.length) {
      // What is beyond the end reads as zeros when the file grows again.
      this.#buffer.fill(0, length, this.length);
    }
    this.length = length;
  }
}

export class SimFile {
  readonly #live = new Bytes();
  readonly #durable = new Bytes();
  #pending: Change[] = [];

  get size(): number {
    return this.#live.length;
  }

  /** What a program reads; valid until the next write. */
  get bytes(): Buffer {
    return this.#live.view;
  }

  write(bytes: Buffer, at: number): void {
    this.#change({ bytes: Buffer.from(bytes), at });
  }

  resize(size: number): void {
    this.#change({ bytes: undefined, at: size });
  }

  /** A write that is durable when it is done, as are all earlier changes of size. */
  writeDurably(bytes: Buffer, at: number): void {
    const change = { bytes: Buffer.from(bytes), at };
    this.#live.apply(change);
    const resizes = this.#pending.filter((earlier) => earlier.bytes === undefined);
    if (resizes.length > 0) this.sync();
    this.#durable.apply(change);
  }

  sync(): void {
    for (const change of this.#pending) this.#durable.apply(change);
    this.#pending = [];
  }

  /**
   * Flips a bit of what is durable, in front of the zeros that it may end in: anywhere, or near the
   * end, where it is overlooked most easily.
   */
  rot(random: Random): void {
    const { view } = this.#durable;
    const length = view.findLastIndex((byte) => byte !== 0) + 1;
    if (length === 0) return;
    const from = random.next() < 0.5 ? 0 : Math.max(0, length - lastBytes);
    const at = randomInt(random, from, length);
    const mask = 1 << randomInt(random, 0, 8);
    for (const { view: bytes } of [this.#durable, this.#live]) {
      const byte = bytes[at];
      if (byte !== undefined) bytes[at] = byte ^ mask;
    }
  }

  /** The power goes: what was not synced may be there in part. */
  crash(random: Random): void {
    if (this.#pending.length === 0) return;
    const kind = randomInt(random, 0, 4);
    const keptCount =
      kind === 0
        ? 0
        : kind === 1
          ? this.#pending.length
          : randomInt(random, 0, this.#pending.length);
    for (const [index, change] of this.#pending.entries()) {
      if (kind === 3) this.#applySectors(change, () => random.next() < 0.5);
      else if (index < keptCount) this.#durable.apply(change);
      else if (index === keptCount && kind === 2) this.#tear(change, random);
    }
    this.#pending = [];
    this.#live.takeFrom(this.#durable);
  }

  #change(change: Change): void {
    this.#live.apply(change);
    this.#pending.push(change);
  }

  #tear(change: Change, random: Random): void {
    const sectors = Math.ceil((change.bytes?.length ?? 0) / sectorBytes);
    let left = randomInt(random, 0, sectors + 1);
    this.#applySectors(change, () => left-- > 0);
  }

  /** The size changes as a whole, the bytes sector by sector. */
  #applySectors(change: Change, isKept: () => boolean): void {
    const { bytes, at } = change;
    if (bytes === undefined) {
      if (isKept()) this.#durable.apply(change);
      return;
    }
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + sectorBytes - ((at + from) % sectorBytes));
      if (isKept()) this.#durable.apply({ bytes: bytes.subarray(from, to), at: at + from });
      from = to;
    }
  }
}

/**
 * What a server's disk must hold, as the test follows it: the histories that may be found after a
 * cut, and the epochs. A history is known by a chain: a number that every transaction changes, so
 * that two histories with one missing, strange or repeated transaction differ.
 */
import { zxidEpoch } from "../../../src/wire/index.ts";

/** Where a history stands. */
export interface Place {
  readonly zxid: bigint;
  readonly chain: number;
}

/** What a driver of the storage says it does, and is told to be done. */
export type Note =
  | { readonly kind: "append"; readonly place: Place }
  | { readonly kind: "synced"; readonly zxid: bigint }
  | { readonly kind: "truncating" | "truncated"; readonly zxid: bigint }
  | { readonly kind: "installing" | "installed"; readonly place: Place }
  | { readonly kind: "accepting" | "accepted" | "entering" | "entered"; readonly epoch: number };

/** What was found after a cut. */
export interface Found extends Place {
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
}

const beginning: Place = { zxid: 0n, chain: 1 };

/** The chain behind one more transaction. */
export function nextChain(chain: number, zxid: bigint, token: number): number {
  let mixed = Math.imul(chain ^ token, 0x85ebca6b) ^ Number(zxid & 0xffffffffn);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** What may be on the disk. */
export class ExpectedHistory {
  /** The history as it was written, durable or not; begins with a snapshot. */
  #line: Place[];
  /** Index in `#line`: up to there it was reported as durable. */
  #durable = 0;
  /** A snapshot on its way to replace the history. */
  #installing: Place | undefined;
  /** What is about to be cut off. */
  #truncatingTo: bigint | undefined;
  #acceptedMin: number;
  #acceptedMax: number;
  #enteredMin: number;
  #enteredMax: number;
  /** For each epoch that was asked to be entered: what its leader gave this server before. */
  readonly #initialEnd = new Map<number, bigint>();

  constructor(found: Found) {
    this.#line = [found];
    this.#acceptedMin = this.#acceptedMax = found.acceptedEpoch;
    this.#enteredMin = this.#enteredMax = found.currentEpoch;
  }

  get last(): Place {
    return this.#line.at(-1) ?? beginning;
  }

  get durable(): Place {
    return this.#line[this.#durable] ?? beginning;
  }

  /** Places that the history may be cut at. */
  get places(): readonly Place[] {
    return this.#line;
  }

  apply(note: Note): void {
    switch (note.kind) {
      case "append":
        this.#line.push(note.place);
        break;
      case "synced":
        this.#durable = this.#indexOf(note.zxid);
        break;
      case "truncating":
        this.#truncatingTo = note.zxid;
        // A later leader decides what an earlier epoch began with.
        this.#initialEnd.clear();
        break;
      case "truncated":
        this.#line = this.#line.slice(0, this.#indexOf(note.zxid) + 1);
        this.#durable = this.#line.length - 1;
        this.#truncatingTo = undefined;
        break;
      case "installing":
        this.#installing = note.place;
        // A truncation that was refused: see `missing-snapshot`.
        this.#truncatingTo = undefined;
        this.#initialEnd.clear();
        break;
      case "installed":
        this.#line = [note.place];
        this.#durable = 0;
        this.#installing = undefined;
        break;
      case "accepting":
        this.#acceptedMax = note.epoch;
        break;
      case "accepted":
        this.#acceptedMin = note.epoch;
        break;
      case "entering":
        this.#enteredMax = note.epoch;
        this.#initialEnd.set(note.epoch, this.last.zxid);
        break;
      case "entered":
        this.#enteredMin = note.epoch;
        break;
    }
  }

  /** What is wrong with the disk that was found; null when nothing is. */
  violation(found: Found): string | null {
    const { zxid, acceptedEpoch, currentEpoch } = found;
    if (!this.#isAllowed(found)) {
      const isKnown = this.#line.some((place) => place.zxid === zxid);
      const where = `found up to ${zxid.toString(16)}, durable ${this.durable.zxid.toString(16)}`;
      return isKnown ? `acknowledged or other transactions: ${where}` : `invented: ${where}`;
    }
    if (acceptedEpoch < this.#acceptedMin || acceptedEpoch > this.#acceptedMax) {
      return `accepted epoch ${acceptedEpoch}, not ${this.#acceptedMin} to ${this.#acceptedMax}`;
    }
    const logged = zxidEpoch(zxid);
    const enteredMax = Math.max(this.#enteredMax, logged);
    if (currentEpoch < this.#enteredMin || currentEpoch > enteredMax) {
      return `current epoch ${currentEpoch}, not ${this.#enteredMin} to ${enteredMax}`;
    }
    const initialEnd = this.#initialEnd.get(currentEpoch);
    if (initialEnd !== undefined && zxid < initialEnd) {
      return `epoch ${currentEpoch} entered without its initial history`;
    }
    return null;
  }

  #isAllowed({ zxid, chain }: Found): boolean {
    if (this.#installing?.zxid === zxid && this.#installing.chain === chain) return true;
    let from = this.#durable;
    if (this.#truncatingTo !== undefined) from = Math.min(from, this.#indexOf(this.#truncatingTo));
    return this.#line.slice(from).some((place) => place.zxid === zxid && place.chain === chain);
  }

  #indexOf(zxid: bigint): number {
    return this.#line.findIndex((place) => place.zxid === zxid);
  }
}

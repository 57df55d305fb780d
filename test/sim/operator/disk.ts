/** What a simulated member keeps: its history, and what it has promised. */

/** Who the members are; part of the history. */
export interface Config {
  readonly version: bigint;
  readonly voters: readonly number[];
  readonly observers: readonly number[];
}

/** A transaction: a write, or a change of the membership. Ids are never used twice. */
export interface Entry {
  readonly id: number;
  readonly epoch: number;
  readonly config: Config | null;
}

/** A volume. */
export class Disk {
  log: Entry[] = [];
  acceptedEpoch = 0;
  /** Whether it has all that its member ever acknowledged; an empty one only if it founds. */
  isWhole = false;
  /** The ensemble that its data is of; null before it has any. */
  uid: string | null = null;
  /** The data of another ensemble. */
  isForeign = false;
  /** What a founder begins with. */
  initialConfig: Config | null = null;

  /** The membership as far as this disk knows. */
  config(): Config | null {
    const last = this.log.findLast(({ config }) => config !== null);
    return last?.config ?? this.initialConfig;
  }

  /** Whether its history is at least as long as another one. */
  isLevelWith(other: Disk): boolean {
    const [mine, theirs] = [this.log.at(-1)?.epoch ?? 0, other.log.at(-1)?.epoch ?? 0];
    return mine === theirs ? this.log.length >= other.log.length : mine > theirs;
  }

  copyFrom(other: Disk): void {
    this.log = [...other.log];
    this.uid = other.uid;
  }

  /** What was on it is put aside. */
  clear(): void {
    this.log = [];
    this.acceptedEpoch = 0;
    this.isWhole = false;
    this.uid = null;
    this.initialConfig = null;
  }
}

/**
 * The simulator's clock and its agenda: actions at virtual milliseconds, carried out in order of
 * time, and in order of their making where times are equal. Nothing happens between two actions,
 * so that a run is a function of its seed.
 */
interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

/** A binary heap of actions. */
export class Scheduler {
  readonly #heap: Entry[] = [];
  #nowMs = 0;
  #made = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many actions were ever planned: a measure of how much a run did. */
  get actionCount(): number {
    return this.#made;
  }

  /** Plans `action` for `delayMs` (whole, not negative) from now. */
  after(delayMs: number, action: () => void): void {
    const entry = { atMs: this.#nowMs + delayMs, order: this.#made++, action };
    let index = this.#heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isEarlier(entry, this.#heap[parent]!)) break;
      this.#heap[index] = this.#heap[parent]!;
      index = parent;
    }
    this.#heap[index] = entry;
  }

  /** Carries out what is due before `untilMs`, or until `isDone` says so after an action. */
  run(untilMs: number, isDone: () => boolean = () => false): void {
    for (let next = this.#heap[0]; next !== undefined; next = this.#heap[0]) {
      if (next.atMs >= untilMs) break;
      this.#pop();
      this.#nowMs = next.atMs;
      next.action();
      if (isDone()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #pop(): void {
    const last = this.#heap.pop()!;
    const size = this.#heap.length;
    if (size === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && isEarlier(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (!isEarlier(this.#heap[child]!, last)) break;
      this.#heap[index] = this.#heap[child]!;
      index = child;
    }
    this.#heap[index] = last;
  }
}

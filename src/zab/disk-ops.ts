/**
 * The disk operations of a peer that are not durable yet, with the role that started each, so that
 * a later role is not told of the end of what it did not begin.
 */
import type { RoleMachine } from "./peer-context.ts";
import type { DiskOp, Outbox } from "./ready.ts";

interface StartedOp {
  readonly op: DiskOp;
  readonly role: RoleMachine | undefined;
}

export class DiskOps {
  readonly #outbox: Outbox;
  /** Oldest first. */
  #started: StartedOp[] = [];
  /** How many operations of the pending `Ready` are in `#started`. */
  #recorded = 0;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  get length(): number {
    return this.#started.length;
  }

  /** Takes note of what was put into the pending `Ready` since the last call: `role` started it. */
  record(role: RoleMachine | undefined): void {
    const { disk } = this.#outbox.pending;
    for (; this.#recorded < disk.length; this.#recorded++) {
      const op = disk[this.#recorded];
      if (op !== undefined) this.#started.push({ op, role });
    }
  }

  /** The pending `Ready`, all of which is recorded, is handed out. */
  handedOut(): void {
    this.#recorded = 0;
  }

  find(seq: number): DiskOp | undefined {
    return this.#started.find(({ op }) => op.seq === seq)?.op;
  }

  /** All operations up to `seq` are durable: tells `role` of those that it started. */
  persisted(seq: number, role: RoleMachine | undefined): void {
    let count = 0;
    for (const { op, role: starter } of this.#started) {
      if (op.seq > seq) break;
      count += 1;
      if (starter !== undefined && starter === role && role.over === undefined) role.durable(op);
    }
    this.#started.splice(0, count);
  }
}

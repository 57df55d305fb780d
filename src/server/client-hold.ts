/**
 * Clients that wait while the leadership changes hands (docs/decisions/0007). First they are held:
 * the server goes on as before but takes no more requests, which stay in their sockets. Once the
 * leader has handed over, those are kept to whom no answer is owed: whatever they asked for was
 * answered, so that they cannot tell the next leader from the last one. Nothing is sent to them
 * meanwhile, as what is applied then is decided only when the server serves again. All others are
 * cut off, and so is everybody if it takes too long.
 */
import { HoldReason } from "./framed-socket.ts";
import type { ClientConnection } from "./client-connection.ts";

/** How long clients are held before a hand-over, and kept after it, in ms. */
const waitMsMax = 2000;

type State = "none" | "held" | "kept";

export class ClientHold {
  readonly #connections: ReadonlySet<ClientConnection>;
  #state: State = "none";
  #sinceMs = 0;
  /** The epoch whose leader has handed over. */
  #epoch = 0;

  constructor(connections: ReadonlySet<ClientConnection>) {
    this.#connections = connections;
  }

  /** Whether clients wait for the next leader. */
  get isKeeping(): boolean {
    return this.#state === "kept";
  }

  /** The state that has lasted too long. */
  overdue(nowMs: number): State {
    return nowMs - this.#sinceMs > waitMsMax ? this.#state : "none";
  }

  /** Takes no more requests, those of clients that come from now on included. */
  hold(nowMs: number): void {
    this.#enter("held", nowMs);
    for (const connection of this.#connections) this.added(connection);
  }

  added(connection: ClientConnection): void {
    if (this.#state !== "none") connection.frames.hold(HoldReason.handOver);
  }

  /**
   * Cuts off those to whom an answer is owed.
   *
   * @param epoch of the leader that has handed over.
   */
  keep(nowMs: number, epoch: number): void {
    if (this.#state === "none") this.hold(nowMs);
    this.#enter("kept", nowMs);
    this.#epoch = epoch;
    for (const connection of this.#connections) {
      const isOwed = !connection.isOpen || connection.pendingCount > 0;
      if (connection.hasSaidHello && isOwed) connection.destroy();
    }
  }

  /**
   * Whether clients have been kept for too long when a leader of `epoch` begins: there may have
   * been another one in between, with whom their sessions moved on, as this server was not told.
   */
  isStaleAt(epoch: number): boolean {
    return this.isKeeping && epoch !== this.#epoch + 1;
  }

  release(): void {
    if (this.#state === "none") return;
    this.#state = "none";
    for (const connection of this.#connections) connection.frames.release(HoldReason.handOver);
  }

  #enter(state: State, nowMs: number): void {
    this.#state = state;
    this.#sinceMs = nowMs;
  }
}

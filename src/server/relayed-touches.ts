/**
 * Signs of life of sessions at observers that learn from this server, until the leader asks for
 * them: each session once, with the timeout that was said last.
 */
import { JuteReader } from "../wire/index.ts";
import type { JuteWriter } from "../wire/index.ts";

/** A session and its timeout. */
const entryBytes = 12;

export class RelayedTouches {
  readonly #timeoutsMs = new Map<bigint, number>();

  /** Takes in the report of an observer: session id and timeout, repeated. */
  add(report: Buffer): void {
    const reader = new JuteReader(report);
    while (reader.remaining >= entryBytes)
      this.#timeoutsMs.set(reader.readLong(), reader.readInt());
  }

  /** Appends them to a report, and forgets them. */
  write(report: JuteWriter): void {
    for (const [sessionId, timeoutMs] of this.#timeoutsMs) {
      report.writeLong(sessionId);
      report.writeInt(timeoutMs);
    }
    this.clear();
  }

  clear(): void {
    this.#timeoutsMs.clear();
  }
}

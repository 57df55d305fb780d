/**
 * Writes what a server sends on one connection (reply headers, watch events, the end of frames) and
 * counts it. What a reply's body says is the business of whoever has begun it.
 */
import { ErrorCode, KeeperState, Xid } from "../wire/index.ts";
import type { EventType, JuteWriter } from "../wire/index.ts";
import type { ServerMetrics } from "./metrics/index.ts";
import type { ConnectionActivity, ConnectionStatistics } from "./statistics.ts";

/** Where replies are counted. */
export interface ReplyCounters {
  readonly statistics: ConnectionStatistics;
  readonly metrics: ServerMetrics;
}

export class ReplyWriter {
  /** For the bodies. */
  readonly out: JuteWriter;
  readonly #counters: ReplyCounters;
  readonly #activity: ConnectionActivity;

  constructor(out: JuteWriter, counters: ReplyCounters, activity: ConnectionActivity) {
    this.out = out;
    this.#counters = counters;
    this.#activity = activity;
  }

  /** Begins a reply; returns what `end` wants to know. */
  begin(xid: number, zxid: bigint, err: number): number {
    const frame = this.out.reserveInt();
    this.out.writeInt(xid);
    this.out.writeLong(zxid);
    this.out.writeInt(err);
    if (err !== ErrorCode.ok) this.#counters.metrics.noteError(err);
    return frame;
  }

  /** Makes an error of the reply whose body begins at `body`. */
  fail(body: number, err: number): void {
    this.out.rewind(body);
    this.out.patchInt(body - 4, err);
    this.#counters.metrics.noteError(err);
  }

  /** Ends a reply; returns the length of its frame. */
  end(frame: number): number {
    this.out.patchLength(frame);
    this.countSent();
    const bytes = this.out.length - frame - 4;
    this.#counters.metrics.noteResponse(bytes);
    return bytes;
  }

  /** A watch event. */
  notify(type: EventType, path: string, zxid: bigint): void {
    const frame = this.begin(Xid.notification, zxid, ErrorCode.ok);
    this.out.writeInt(type);
    this.out.writeInt(KeeperState.syncConnected);
    this.out.writeString(path);
    this.out.patchLength(frame);
    this.countSent();
    const { metrics } = this.#counters;
    metrics.watchEvents += 1;
    metrics.watchBytes += this.out.length - frame - 4;
  }

  /** Counts a frame that was written by somebody else. */
  countSent(): void {
    this.#activity.sent += 1;
    this.#counters.statistics.sent += 1;
  }
}

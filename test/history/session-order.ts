/**
 * What a session promises its client, whichever servers it is connected to: replies in the order of
 * the requests, a view that never goes back, its own writes in every later read, and word of a
 * watched change before anything that comes after the change.
 */
import { acknowledgedWrites, compare, firstIndex, show } from "./operation.ts";
import type { History, Operation, WatchEvent } from "./operation.ts";

export function* checkSessions({ operations, events }: History): Iterable<string> {
  const answered = operations.filter(({ outcome }) => outcome !== "unknown");
  const eventsOf = Map.groupBy(events, ({ session }) => session);
  const sets = Map.groupBy(
    acknowledgedWrites(operations).filter(({ kind }) => kind === "set"),
    ({ path }) => path,
  );
  for (const [session, replies] of Map.groupBy(answered, (operation) => operation.session)) {
    replies.sort((one, other) => compare(one.arrival, other.arrival));
    yield* checkOrder(replies);
    yield* checkOwnWrites(replies);
    yield* new WatchCheck(replies, eventsOf.get(session) ?? [], sets).run();
  }
}

function* checkOrder(replies: readonly Operation[]): Iterable<string> {
  for (const [index, reply] of replies.entries()) {
    const before = replies[index - 1];
    if (before === undefined) continue;
    if (reply.index <= before.index) yield `Out of order: ${show(before)} before ${show(reply)}`;
    if (reply.zxid < before.zxid) yield `Back in time: ${show(reply)} after ${show(before)}`;
  }
}

function* checkOwnWrites(replies: readonly Operation[]): Iterable<string> {
  const own = new Map<string, Operation>();
  for (const reply of replies) {
    if (reply.kind === "set" && reply.outcome === "ok") own.set(reply.path, reply);
    const write = own.get(reply.path);
    if (reply.kind !== "get" || write === undefined) continue;
    if ((reply.found?.mzxid ?? -1n) < write.zxid) {
      yield `Own write not seen: ${show(write)} by ${show(reply)}`;
    }
  }
}

/** The watches of one session: each tells once, in time, and only where one was left. */
class WatchCheck {
  readonly #replies: readonly Operation[];
  readonly #events: ReadonlyMap<string, readonly WatchEvent[]>;
  readonly #sets: ReadonlyMap<string, readonly Operation[]>;

  constructor(
    replies: readonly Operation[],
    events: readonly WatchEvent[],
    sets: ReadonlyMap<string, readonly Operation[]>,
  ) {
    this.#replies = replies;
    const sorted = events.toSorted((one, other) => compare(one.arrival, other.arrival));
    this.#events = Map.groupBy(sorted, ({ path }) => path);
    this.#sets = sets;
  }

  *run(): Iterable<string> {
    const watching = this.#replies.filter(({ hasWatch, found }) => hasWatch && found !== undefined);
    const byPath = Map.groupBy(watching, ({ path }) => path);
    for (const reply of watching) yield* this.#inTime(reply);
    for (const [path, events] of this.#events) yield* onlyAsked(path, events, byPath.get(path));
  }

  /** The event comes before the first reply that a later write of the node is in the past of. */
  *#inTime(read: Operation): Iterable<string> {
    const sets = this.#sets.get(read.path) ?? [];
    const change = sets[firstIndex(sets, ({ zxid }) => zxid > read.zxid)];
    if (change === undefined) return;
    // Replies are in the order of arrival and of zxids: `checkOrder` complains when they are not.
    const later = firstIndex(this.#replies, ({ arrival }) => arrival > read.arrival);
    const beyond = firstIndex(this.#replies, ({ zxid }) => zxid >= change.zxid);
    const witness = this.#replies[Math.max(later, beyond)];
    if (witness === undefined) return;
    const events = this.#events.get(read.path) ?? [];
    const event = events[firstIndex(events, ({ arrival }) => arrival > read.arrival)];
    if (event === undefined || event.arrival > witness.arrival) {
      const what = event === undefined ? "Lost watch" : "Late watch";
      yield `${what}: ${show(read)} was not told of ${show(change)} before ${show(witness)}`;
    }
  }
}

/** No event comes without a read that asked for it since the event before. */
function* onlyAsked(
  path: string,
  events: readonly WatchEvent[],
  reads: readonly Operation[] = [],
): Iterable<string> {
  let since = -1;
  for (const { arrival, session } of events) {
    const read = reads[firstIndex(reads, (one) => one.arrival > since)];
    if (read === undefined || read.arrival > arrival) {
      yield `Event without a watch: ${path} in session ${session.toString(16)}`;
    }
    since = arrival;
  }
}

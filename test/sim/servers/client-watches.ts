/**
 * The one-shot watches of a simulated client, and what they promise: a change is told before
 * anything that shows it, once, and whatever happens to the connection.
 */
import { EventType, formatHex } from "../../../src/wire/index.ts";
import type { SetWatches } from "../../../src/wire/index.ts";
import { Violation } from "../violation.ts";
import type { ChangeKind, ModelTree } from "./model-tree.ts";
import type { ReadKind } from "./request.ts";

interface Watch {
  readonly path: string;
  readonly kind: ChangeKind;
  /** The node was not there: its creation is waited for. */
  readonly isForCreation: boolean;
  /** The state that the client knows. */
  knownZxid: bigint;
}

export class ClientWatches {
  readonly #who: string;
  readonly #watches = new Map<string, Watch>();
  /** Paths that a new server is being asked to watch: it tells what happened to each watch. */
  #asked = new Set<string>();

  constructor(who: string) {
    this.#who = who;
  }

  get count(): number {
    return this.#watches.size;
  }

  /** A read with a watch was answered by the state at `zxid`. */
  add(read: ReadKind, path: string, zxid: bigint, isMissing: boolean): void {
    const kind: ChangeKind = read === "children" ? "children" : "data";
    const key = `${kind}:${path}`;
    const before = this.#watches.get(key);
    const knownZxid = before !== undefined && before.knownZxid > zxid ? before.knownZxid : zxid;
    this.#watches.set(key, { path, kind, isForCreation: isMissing, knownZxid });
  }

  /** An event came. @throws Violation when no watch is there that it could be of. */
  told(type: EventType, path: string): void {
    const kinds: ChangeKind[] =
      type === EventType.nodeChildrenChanged
        ? ["children"]
        : type === EventType.nodeDeleted
          ? ["data", "children"]
          : ["data"];
    let count = 0;
    for (const kind of kinds) if (this.#watches.delete(`${kind}:${path}`)) count += 1;
    if (count > 0 || this.#asked.has(path)) return;
    throw new Violation("watches tell once", `${this.#who} is told ${type} of '${path}' unasked`);
  }

  /** The client is shown the state at `zxid`. @throws Violation when a change was not told. */
  shown(zxid: bigint, model: ModelTree): void {
    for (const { path, kind, knownZxid } of this.#watches.values()) {
      const change = model.changeBetween(path, kind, knownZxid, zxid);
      if (change === undefined) continue;
      const text =
        `${this.#who} sees ${formatHex(zxid)}, and was not told that ${kind} of '${path}' ` +
        `changed at ${formatHex(change)}; it watches since ${formatHex(knownZxid)}`;
      throw new Violation("watches tell before reads show", text);
    }
  }

  /** Who waited for a node while it was away may have missed that it came and went again. */
  rearmed(zxid: bigint): void {
    this.#asked.clear();
    for (const watch of this.#watches.values()) {
      if (watch.isForCreation && watch.knownZxid < zxid) watch.knownZxid = zxid;
    }
  }

  /** What a new connection is to be asked for. */
  request(relativeZxid: bigint): SetWatches {
    const all = [...this.#watches.values()];
    this.#asked = new Set(all.map(({ path }) => path));
    const paths = (isMeant: (watch: Watch) => boolean): string[] =>
      all.filter(isMeant).map(({ path }) => path);
    return {
      relativeZxid,
      dataWatches: paths(({ kind, isForCreation }) => kind === "data" && !isForCreation),
      existWatches: paths(({ isForCreation }) => isForCreation),
      childWatches: paths(({ kind }) => kind === "children"),
      persistentWatches: [],
      persistentRecursiveWatches: [],
    };
  }

  clear(): void {
    this.#watches.clear();
  }
}

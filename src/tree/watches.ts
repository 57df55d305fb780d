/**
 * Who waits for which change (ZooKeeper 3.9 `WatchManager`): one-shot watches on a node's data or
 * existence, and on its children; persistent watches on a node, or on a whole tree. The tables
 * belong to one server and are not replicated. Most paths have one watcher, so a path keeps the
 * watcher itself, and a set only for more.
 *
 * A one-shot watch is removed before it is delivered. A watcher is told once of a change, however
 * many of its watches match. Invariant: a watcher is in a table under a path if and only if the
 * table's index has the path under the watcher.
 */
import { EventType, parentPath } from "../wire/index.ts";
import type { Acl } from "../wire/index.ts";

/** What may be told of changes: a client's connection. Compared by identity. */
export interface Watcher {
  /**
   * Something happened at `path`. `acl` is the ACL that governs the node, or governed it when it
   * was deleted: a client that lacks READ in it must not be told. `acl` is empty where the check is
   * not called for. `zxid` is -1 where the event stands for several transactions.
   */
  process(type: EventType, path: string, zxid: bigint, acl: readonly Acl[]): void;
}

/** Numbers of the `checkWatches` and `removeWatches` requests. */
export const WatcherType = {
  children: 1,
  data: 2,
  any: 3,
  persistent: 4,
  persistentRecursive: 5,
} as const;

/** Modes of the `addWatch` request. */
export const WatchMode = { persistent: 0, persistentRecursive: 1 } as const;

/** All watches of one server. */
export class WatchTable {
  readonly #data = new PathTable();
  readonly #children = new PathTable();
  readonly #persistent = new PathTable();
  readonly #recursive = new PathTable();

  /** How many watches there are. */
  get watchCount(): number {
    return this.#all().reduce((sum, table) => sum + table.count, 0);
  }

  /** How many paths are watched; a path counts once for each kind of watch. */
  get pathCount(): number {
    return this.#all().reduce((sum, table) => sum + table.pathCount, 0);
  }

  /** What `watchersByPath` goes through, counted; a path counts once for each kind of watch. */
  get nodeWatches(): { readonly watchers: number; readonly paths: number; readonly count: number } {
    const tables = this.#ofNodes();
    const watchers = new Set<Watcher>();
    for (const table of tables) for (const watcher of table.watchers()) watchers.add(watcher);
    return {
      watchers: watchers.size,
      paths: tables.reduce((sum, table) => sum + table.pathCount, 0),
      count: tables.reduce((sum, table) => sum + table.count, 0),
    };
  }

  /**
   * Watches that are about nodes themselves, in contrast to their lists of children: what
   * ZooKeeper's reports show. Both kinds of going through them may take many turns, and then show
   * some of the changes made meanwhile.
   */
  *watchersByPath(): Generator<readonly [path: string, watchers: Iterable<Watcher>]> {
    for (const table of this.#ofNodes()) {
      for (const [path, watchers] of table.entries()) {
        yield [path, watchers instanceof Set ? watchers : [watchers]];
      }
    }
  }

  *pathsByWatcher(): Generator<readonly [watcher: Watcher, paths: Iterable<string>]> {
    for (const table of this.#ofNodes()) {
      for (const watcher of table.watchers()) yield [watcher, table.pathsOf(watcher)];
    }
  }

  /** Watches for data changes, deletion, and creation. */
  addData(path: string, watcher: Watcher): void {
    this.#data.add(path, watcher);
  }

  /** Watches for changes of the list of children, and deletion. */
  addChild(path: string, watcher: Watcher): void {
    this.#children.add(path, watcher);
  }

  /** Watches until removed: the node's data and list of children. */
  addPersistent(path: string, watcher: Watcher): void {
    this.#persistent.add(path, watcher);
  }

  /** Watches until removed: data, creation and deletion of the node and all below it. */
  addRecursive(path: string, watcher: Watcher): void {
    this.#recursive.add(path, watcher);
  }

  /** Whether `watcher` has a watch of the type (a `WatcherType`) at `path`. */
  has(path: string, type: number, watcher: Watcher): boolean {
    return this.#ofType(type).some((table) => table.has(path, watcher));
  }

  /** Removes the watches of the type (a `WatcherType`) at `path`; whether there were any. */
  remove(path: string, type: number, watcher: Watcher): boolean {
    let isRemoved = false;
    for (const table of this.#ofType(type)) {
      if (table.remove(path, watcher)) isRemoved = true;
    }
    return isRemoved;
  }

  /** Forgets a watcher altogether, as when its connection is gone. */
  removeWatcher(watcher: Watcher): void {
    for (const table of this.#all()) table.removeWatcher(watcher);
  }

  /** Tells those who wait for this change; the arguments are those of `TreeListener.changed`. */
  trigger(type: EventType, path: string, zxid: bigint, acl: readonly Acl[] = []): void {
    const isAboutData = type !== EventType.nodeChildrenChanged;
    const isAboutChildren = !isAboutData || type === EventType.nodeDeleted;
    const data = isAboutData ? this.#data.take(path) : undefined;
    const children = isAboutChildren ? this.#children.take(path) : undefined;
    const persistent = this.#persistent.get(path);
    const isRecursive = isAboutData && this.#recursive.count > 0;
    if (persistent === undefined && !isRecursive) {
      if (data === undefined && children === undefined) return;
      deliver(data, (watcher) => watcher.process(type, path, zxid, acl));
      deliver(children, (watcher) => {
        if (!includes(data, watcher)) watcher.process(type, path, zxid, acl);
      });
      return;
    }
    // However many of its watches match, a watcher is told once.
    const told = new Set<Watcher>();
    for (const watchers of [data, children, persistent]) deliver(watchers, (one) => told.add(one));
    if (isRecursive) this.#addRecursiveAt(path, told);
    for (const watcher of told) watcher.process(type, path, zxid, acl);
  }

  /** Adds those who watch the tree that `path` is in, from it up to the root. */
  #addRecursiveAt(path: string, told: Set<Watcher>): void {
    for (let at = path; ; at = parentPath(at)) {
      deliver(this.#recursive.get(at), (watcher) => told.add(watcher));
      if (at === "/") return;
    }
  }

  #all(): PathTable[] {
    return [this.#data, this.#children, this.#persistent, this.#recursive];
  }

  #ofNodes(): PathTable[] {
    return [this.#data, this.#persistent, this.#recursive];
  }

  #ofType(type: number): PathTable[] {
    switch (type) {
      case WatcherType.children:
        return [this.#children];
      case WatcherType.data:
        return [this.#data];
      case WatcherType.persistent:
        return [this.#persistent];
      case WatcherType.persistentRecursive:
        return [this.#recursive];
      default:
        return this.#all();
    }
  }
}

type Watchers = Watcher | Set<Watcher>;

function includes(watchers: Watchers | undefined, watcher: Watcher): boolean {
  return watchers instanceof Set ? watchers.has(watcher) : watchers === watcher;
}

function deliver(watchers: Watchers | undefined, tell: (watcher: Watcher) => void): void {
  if (watchers === undefined) return;
  if (watchers instanceof Set) for (const watcher of watchers) tell(watcher);
  else tell(watchers);
}

/** Watches of one kind, by path and by watcher. */
class PathTable {
  readonly #byPath = new Map<string, Watchers>();
  readonly #byWatcher = new Map<Watcher, Set<string>>();
  count = 0;

  get pathCount(): number {
    return this.#byPath.size;
  }

  entries(): IterableIterator<[string, Watchers]> {
    return this.#byPath.entries();
  }

  watchers(): IterableIterator<Watcher> {
    return this.#byWatcher.keys();
  }

  pathsOf(watcher: Watcher): Iterable<string> {
    return this.#byWatcher.get(watcher) ?? [];
  }

  add(path: string, watcher: Watcher): void {
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) this.#byWatcher.set(watcher, new Set([path]));
    else if (paths.has(path)) return;
    else paths.add(path);
    this.count += 1;
    const present = this.#byPath.get(path);
    if (present === undefined) this.#byPath.set(path, watcher);
    else if (present instanceof Set) present.add(watcher);
    else this.#byPath.set(path, new Set([present, watcher]));
  }

  has(path: string, watcher: Watcher): boolean {
    return this.#byWatcher.get(watcher)?.has(path) === true;
  }

  remove(path: string, watcher: Watcher): boolean {
    if (!this.has(path, watcher)) return false;
    this.#forgetPath(path, watcher);
    this.#dropFromPath(path, watcher);
    return true;
  }

  removeWatcher(watcher: Watcher): void {
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined) return;
    this.#byWatcher.delete(watcher);
    this.count -= paths.size;
    for (const path of paths) this.#dropFromPath(path, watcher);
  }

  /** All who watch `path`. */
  get(path: string): Watchers | undefined {
    return this.#byPath.get(path);
  }

  /** Removes and returns all who watch `path`. */
  take(path: string): Watchers | undefined {
    const watchers = this.#byPath.get(path);
    if (watchers === undefined) return undefined;
    this.#byPath.delete(path);
    deliver(watchers, (watcher) => this.#forgetPath(path, watcher));
    return watchers;
  }

  #forgetPath(path: string, watcher: Watcher): void {
    const paths = this.#byWatcher.get(watcher);
    if (paths === undefined || !paths.delete(path)) return;
    this.count -= 1;
    if (paths.size === 0) this.#byWatcher.delete(watcher);
  }

  #dropFromPath(path: string, watcher: Watcher): void {
    const watchers = this.#byPath.get(path);
    if (!(watchers instanceof Set)) {
      if (watchers === watcher) this.#byPath.delete(path);
      return;
    }
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
  }
}

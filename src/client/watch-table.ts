/**
 * The one-shot watches of a client, by kind and path, as the protocol knows them: data watches of
 * existing nodes, exist watches of missing ones, and child watches. A watch is here from the reply
 * of the read that set it until its event comes. Which event ends which watches follows the
 * ZooKeeper 3.9 client (`ZKWatchManager`). Paths are the server's, chroot included; watchers are
 * never called here.
 */
import { ErrorCode, EventType, OpCode } from "../wire/index.ts";
import type { JuteReader } from "../wire/index.ts";

/** Which of the server's tables holds a watch. */
export type WatchKind = "data" | "exist" | "child";

/** What happened to a watched node; `watchLost`: the session ended, so no event can come. */
export type WatchEventType =
  "nodeCreated" | "nodeDeleted" | "nodeDataChanged" | "nodeChildrenChanged" | "watchLost";

/** What a watcher is told. */
export interface WatchEvent {
  readonly type: WatchEventType;
  readonly path: string;
}

/** Called once, with the event that ends its watch. The same function is one watch per path. */
export type Watcher = (event: WatchEvent) => void;

/** The event type of a notification; undefined when it is about no node or not known. */
function watchEventType(wireType: number): WatchEventType | undefined {
  switch (wireType) {
    case EventType.nodeCreated:
      return "nodeCreated";
    case EventType.nodeDeleted:
      return "nodeDeleted";
    case EventType.nodeDataChanged:
      return "nodeDataChanged";
    case EventType.nodeChildrenChanged:
      return "nodeChildrenChanged";
    default:
      return undefined;
  }
}

/**
 * Reads the body of a notification (WatcherEvent); undefined when it is about no node.
 *
 * @throws WireError when it cannot be decoded.
 */
export function readWatchEvent(reader: JuteReader): WatchEvent | undefined {
  const type = watchEventType(reader.readInt());
  // The state field: a connected server has nothing to say in it.
  reader.readInt();
  const path = reader.readRequiredString("watch event path");
  return type === undefined ? undefined : { type, path };
}

/** A watch that a read sets when it succeeds, or, for exists, also when the node is missing. */
export interface WatchRegistration {
  readonly kind: "data" | "child";
  /** The server's path, chroot included. */
  readonly path: string;
  readonly watcher: Watcher;
}

/** Watches by kind and path. */
export class WatchTable {
  readonly #byKind: Readonly<Record<WatchKind, Map<string, Set<Watcher>>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
  };

  /** Paths that have a watch of this kind, in the order of registration. */
  paths(kind: WatchKind): string[] {
    return [...this.#byKind[kind].keys()];
  }

  add(kind: WatchKind, path: string, watcher: Watcher): void {
    const watchers = this.#byKind[kind].get(path);
    if (watchers === undefined) this.#byKind[kind].set(path, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Adds the watch, if any, of a request of type `op` that was answered with code `err`. */
  register(
    request: { readonly op: number; readonly watch: WatchRegistration | undefined },
    err: number,
  ): void {
    const { op, watch } = request;
    if (watch === undefined) return;
    const isMissing = op === OpCode.exists && err === ErrorCode.noNode;
    if (isMissing) this.add("exist", watch.path, watch.watcher);
    else if (err === ErrorCode.ok) this.add(watch.kind, watch.path, watch.watcher);
  }

  /** Takes out the watches that an event ends, each watcher once. */
  takeTriggered(type: WatchEventType, path: string): Watcher[] {
    const triggered = new Set<Watcher>();
    for (const kind of endedKinds[type]) {
      const watchers = this.#byKind[kind].get(path);
      if (watchers === undefined) continue;
      this.#byKind[kind].delete(path);
      for (const watcher of watchers) triggered.add(watcher);
    }
    return [...triggered];
  }

  /** Takes out everything: each path once, with the watchers that it had. */
  takeAll(): Map<string, Watcher[]> {
    const { data, exist, child } = this.#byKind;
    const paths = new Set([...data.keys(), ...exist.keys(), ...child.keys()]);
    const taken = new Map<string, Watcher[]>();
    for (const path of paths) taken.set(path, this.takeTriggered("watchLost", path));
    return taken;
  }
}

const endedKinds: Readonly<Record<WatchEventType, readonly WatchKind[]>> = {
  nodeCreated: ["data", "exist"],
  nodeDataChanged: ["data", "exist"],
  nodeChildrenChanged: ["child"],
  nodeDeleted: ["data", "exist", "child"],
  watchLost: ["data", "exist", "child"],
};

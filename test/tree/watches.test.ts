import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WatchTable } from "../../src/tree/index.ts";
import type { Watcher } from "../../src/tree/index.ts";
import { WatcherType } from "../../src/tree/watches.ts";
import { EventType } from "../../src/wire/index.ts";

class Recorder implements Watcher {
  readonly events: string[] = [];

  process(type: EventType, path: string, zxid: bigint): void {
    this.events.push(`${type} ${path} ${zxid}`);
  }
}

describe("WatchTable", () => {
  it("tells each watcher once and then no more", () => {
    const table = new WatchTable();
    const [a, b] = [new Recorder(), new Recorder()];
    table.addData("/x", a);
    table.addData("/x", a);
    table.addData("/x", b);
    expect(table.watchCount).toBe(2);
    expect(table.pathCount).toBe(1);
    table.trigger(EventType.nodeDataChanged, "/x", 5n);
    table.trigger(EventType.nodeDataChanged, "/x", 6n);
    expect(a.events).toEqual(["3 /x 5"]);
    expect(b.events).toEqual(["3 /x 5"]);
    expect(table.watchCount).toBe(0);
    expect(table.pathCount).toBe(0);
  });

  it("shows who watches which node, without watches on lists of children", () => {
    const table = new WatchTable();
    const [a, b] = [new Recorder(), new Recorder()];
    table.addData("/x", a);
    table.addData("/x", b);
    table.addPersistent("/y", a);
    table.addRecursive("/z", b);
    table.addChild("/list", a);
    expect(table.nodeWatches).toEqual({ watchers: 2, paths: 3, count: 4 });
    const byPath = Array.from(table.watchersByPath(), ([path, watchers]) => [path, [...watchers]]);
    expect(byPath).toEqual([
      ["/x", [a, b]],
      ["/y", [a]],
      ["/z", [b]],
    ]);
    const byWatcher = Array.from(table.pathsByWatcher(), ([watcher, paths]) => [
      watcher,
      [...paths],
    ]);
    expect(byWatcher).toEqual([
      [a, ["/x"]],
      [b, ["/x"]],
      [a, ["/y"]],
      [b, ["/z"]],
    ]);
  });

  it("tells of a deletion once, though data and children were watched", () => {
    const table = new WatchTable();
    const [both, child] = [new Recorder(), new Recorder()];
    table.addData("/x", both);
    table.addChild("/x", both);
    table.addChild("/x", child);
    table.trigger(EventType.nodeDeleted, "/x", 5n);
    expect(both.events).toEqual(["2 /x 5"]);
    expect(child.events).toEqual(["2 /x 5"]);
    expect(table.watchCount).toBe(0);
  });

  it("keeps data and child watches apart", () => {
    const table = new WatchTable();
    const [data, child] = [new Recorder(), new Recorder()];
    table.addData("/x", data);
    table.addChild("/x", child);
    table.trigger(EventType.nodeChildrenChanged, "/x", 1n);
    expect(data.events).toEqual([]);
    table.trigger(EventType.nodeCreated, "/x", 2n);
    expect([data.events, child.events]).toEqual([["1 /x 2"], ["4 /x 1"]]);
  });

  it("has removed a watch when it tells of it, so that it can be set again", () => {
    const table = new WatchTable();
    let calls = 0;
    const again: Watcher = {
      process: (_type, path) => {
        calls += 1;
        table.addData(path, again);
      },
    };
    table.addData("/x", again);
    table.trigger(EventType.nodeDataChanged, "/x", 1n);
    table.trigger(EventType.nodeDataChanged, "/x", 2n);
    expect(calls).toBe(2);
    expect(table.watchCount).toBe(1);
  });

  it("finds and removes single watches by type", () => {
    const table = new WatchTable();
    const watcher = new Recorder();
    table.addData("/x", watcher);
    table.addChild("/x", watcher);
    expect(table.has("/x", WatcherType.children, watcher)).toBe(true);
    expect(table.remove("/x", WatcherType.children, watcher)).toBe(true);
    expect(table.has("/x", WatcherType.children, watcher)).toBe(false);
    expect(table.has("/x", WatcherType.any, watcher)).toBe(true);
    expect(table.remove("/x", WatcherType.any, watcher)).toBe(true);
    expect(table.remove("/x", WatcherType.any, watcher)).toBe(false);
  });

  it("keeps persistent watches, for data and for children", () => {
    const table = new WatchTable();
    const watcher = new Recorder();
    table.addPersistent("/x", watcher);
    for (const type of [1, 3, 4, 2] as const) table.trigger(type, "/x", 7n);
    table.trigger(EventType.nodeDataChanged, "/x/below", 8n);
    expect(watcher.events).toEqual(["1 /x 7", "3 /x 7", "4 /x 7", "2 /x 7"]);
    expect(table.watchCount).toBe(1);
  });

  it("tells recursive watches of all below, but of no list of children", () => {
    const table = new WatchTable();
    const [root, tree] = [new Recorder(), new Recorder()];
    table.addRecursive("/", root);
    table.addRecursive("/x", tree);
    table.trigger(EventType.nodeCreated, "/x/y/z", 1n);
    table.trigger(EventType.nodeChildrenChanged, "/x/y", 1n);
    table.trigger(EventType.nodeDataChanged, "/xy", 2n);
    table.trigger(EventType.nodeDeleted, "/x", 3n);
    expect(tree.events).toEqual(["1 /x/y/z 1", "2 /x 3"]);
    expect(root.events).toEqual(["1 /x/y/z 1", "3 /xy 2", "2 /x 3"]);
  });

  it("tells a watcher once, however many of its watches match", () => {
    const table = new WatchTable();
    const watcher = new Recorder();
    table.addData("/x", watcher);
    table.addChild("/x", watcher);
    table.addPersistent("/x", watcher);
    table.addRecursive("/", watcher);
    table.trigger(EventType.nodeDeleted, "/x", 1n);
    table.trigger(EventType.nodeCreated, "/x", 2n);
    expect(watcher.events).toEqual(["2 /x 1", "1 /x 2"]);
    expect(table.watchCount).toBe(2);
  });

  it("finds and removes persistent watches by type", () => {
    const table = new WatchTable();
    const watcher = new Recorder();
    table.addPersistent("/x", watcher);
    table.addRecursive("/x", watcher);
    expect(table.remove("/x", WatcherType.data, watcher)).toBe(false);
    expect(table.remove("/x", WatcherType.persistent, watcher)).toBe(true);
    expect(table.has("/x", WatcherType.persistentRecursive, watcher)).toBe(true);
    expect(table.has("/x", WatcherType.any, watcher)).toBe(true);
    table.removeWatcher(watcher);
    expect(table.watchCount).toBe(0);
  });

  it("counts as a plain list of watches does", () => {
    const watchers = [new Recorder(), new Recorder(), new Recorder()];
    const step = fc.record({
      kind: fc.constantFrom("data", "child", "fire", "gone"),
      path: fc.constantFrom("/a", "/b", "/c"),
      who: fc.constantFrom(0, 1, 2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new WatchTable();
        const model = new Set<string>();
        for (const { kind, path, who } of steps) {
          const watcher = watchers[who]!;
          if (kind === "data") table.addData(path, watcher);
          if (kind === "child") table.addChild(path, watcher);
          if (kind === "data" || kind === "child") model.add(`${kind} ${path} ${who}`);
          if (kind === "fire") table.trigger(EventType.nodeDataChanged, path, 1n);
          if (kind === "gone") table.removeWatcher(watcher);
          for (const watch of model) {
            const [watchKind, watchPath, watchWho] = watch.split(" ");
            const isFired = kind === "fire" && watchKind === "data" && watchPath === path;
            if (isFired || (kind === "gone" && watchWho === String(who))) model.delete(watch);
          }
          expect(table.watchCount).toBe(model.size);
          const paths = [...model].map((watch) => watch.split(" ").slice(0, 2).join(" "));
          expect(table.pathCount).toBe(new Set(paths).size);
        }
      }),
    );
  });
});

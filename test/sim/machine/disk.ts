/**
 * A simulated machine's disk: files by path, and folders as names that end in nothing. Names are
 * as volatile as bytes: a file that was created, renamed or removed is so for good only when its
 * folder has been synced, and a crash keeps the first few of the changes that were not. Operations
 * take effect at once here; how long they take is the business of `fs.ts`.
 */
import { dirname } from "node:path";
import { randomInt } from "../../../src/base/index.ts";
import type { Random } from "../../../src/base/index.ts";
import { SimFile } from "./sim-file.ts";

type NameChange =
  | { readonly kind: "link"; readonly path: string; readonly node: Node }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string };

/** A file, or a folder. */
export type Node = SimFile | "folder";

/** An error of the operating system, as Node throws it. */
export function systemError(code: string, syscall: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, ${syscall} '${path}'`), {
    code,
    syscall,
    path,
  });
}

export class Disk {
  #live = new Map<string, Node>([["/", "folder"]]);
  #durable = new Map<string, Node>(this.#live);
  #pending: NameChange[] = [];
  /** The power is going: nothing that is still under way becomes durable. */
  isLosingPower = false;
  /** How many times slower than usual it is. */
  slowness = 1;
  /** What the next operation fails with. */
  nextError: "EIO" | undefined;

  find(path: string): Node | undefined {
    return this.#live.get(path);
  }

  file(path: string, syscall: string): SimFile {
    const node = this.#live.get(path);
    if (node === undefined) throw systemError("ENOENT", syscall, path);
    if (node === "folder") throw systemError("EISDIR", syscall, path);
    return node;
  }

  create(path: string): SimFile {
    this.#needFolder(dirname(path), "open");
    const file = new SimFile();
    this.#change({ kind: "link", path, node: file });
    return file;
  }

  makeFolder(path: string): void {
    if (this.#live.has(path)) throw systemError("EEXIST", "mkdir", path);
    this.#needFolder(dirname(path), "mkdir");
    this.#change({ kind: "link", path, node: "folder" });
  }

  rename(path: string, to: string): void {
    this.file(path, "rename");
    this.#needFolder(dirname(to), "rename");
    this.#change({ kind: "rename", path, to });
  }

  remove(path: string): void {
    this.file(path, "unlink");
    this.#change({ kind: "unlink", path });
  }

  namesIn(path: string): string[] {
    this.#needFolder(path, "scandir");
    const prefix = path.endsWith("/") ? path : `${path}/`;
    const names: string[] = [];
    for (const other of this.#live.keys()) {
      if (!other.startsWith(prefix) || other === prefix) continue;
      const name = other.slice(prefix.length);
      if (!name.includes("/")) names.push(name);
    }
    return names.sort();
  }

  /** Makes the names of one folder durable. */
  syncFolder(path: string): void {
    const rest: NameChange[] = [];
    for (const change of this.#pending) {
      if (dirname(change.path) === path) apply(this.#durable, change);
      else rest.push(change);
    }
    this.#pending = rest;
  }

  /** Writes a file durably, by the hand of whoever sets the machine up. */
  install(path: string, text: string): void {
    let folder = "";
    for (const part of dirname(path).split("/").slice(1)) {
      folder += `/${part}`;
      this.#live.set(folder, "folder");
      this.#durable.set(folder, "folder");
    }
    const file = new SimFile();
    file.writeDurably(Buffer.from(text), 0);
    this.#live.set(path, file);
    this.#durable.set(path, file);
  }

  /** The files whose path begins so, as programs see them. */
  *filesUnder(prefix: string): Generator<readonly [path: string, file: SimFile]> {
    for (const [path, node] of this.#live) {
      if (node !== "folder" && path.startsWith(prefix)) yield [path, node];
    }
  }

  /** Removes everything whose path begins so, durably. */
  wipe(prefix: string): void {
    for (const map of [this.#live, this.#durable]) {
      for (const path of [...map.keys()]) if (path.startsWith(prefix)) map.delete(path);
    }
    this.#pending = this.#pending.filter(({ path }) => !path.startsWith(prefix));
  }

  /** The power goes. */
  crash(random: Random): void {
    this.isLosingPower = false;
    const files = new Set([...this.#live.values(), ...this.#durable.values()]);
    const kept = randomInt(random, 0, this.#pending.length + 1);
    for (const change of this.#pending.slice(0, kept)) apply(this.#durable, change);
    this.#pending = [];
    this.#live = new Map(this.#durable);
    for (const node of files) if (node !== "folder") node.crash(random);
  }

  #change(change: NameChange): void {
    apply(this.#live, change);
    this.#pending.push(change);
  }

  #needFolder(path: string, syscall: string): void {
    const node = this.#live.get(path);
    if (node === undefined) throw systemError("ENOENT", syscall, path);
    if (node !== "folder") throw systemError("ENOTDIR", syscall, path);
  }
}

function apply(names: Map<string, Node>, change: NameChange): void {
  if (change.kind === "link") {
    names.set(change.path, change.node);
    return;
  }
  const node = names.get(change.path);
  names.delete(change.path);
  if (change.kind === "rename" && node !== undefined) names.set(change.to, node);
}

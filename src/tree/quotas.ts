/**
 * Quotas on subtrees (ZooKeeper 3.9 `DataTree`, `Quotas`): which paths have one, and how much is
 * used. A quota on `/a` is the node `/zookeeper/quota/a/zookeeper_limits`; next to it,
 * `zookeeper_stats` says how many nodes and bytes there are at and below `/a`. Each server keeps
 * those figures by itself as it applies transactions: they change no stat, fire no watch and are
 * left out of the digest, and are counted anew after a snapshot was loaded. A change counts for the
 * innermost quota above it only. There is none on the root. Whether a change is within the limits
 * is the preparer's question.
 */
import { baseName, parentPath } from "../wire/index.ts";
import { figure, formatQuotaFigures, parseQuotaFigures } from "./quota-figures.ts";
import type { QuotaFigures } from "./quota-figures.ts";
import type { ZNode } from "./znode.ts";

const quotaFolder = "/zookeeper/quota/";
const limitsName = "zookeeper_limits";
const statsName = "zookeeper_stats";

/** What the quotas need of the tree that they are in. */
export interface QuotaNodes {
  readonly nodes: ReadonlyMap<string, ZNode>;
  /** Replaces a node's value and nothing else. */
  rewrite(node: ZNode, data: Buffer): void;
}

/** The quotas of one tree. */
export class Quotas {
  readonly #tree: QuotaNodes;
  readonly #paths = new Set<string>();

  constructor(tree: QuotaNodes) {
    this.#tree = tree;
  }

  /** Paths that have a quota. */
  get paths(): ReadonlySet<string> {
    return this.#paths;
  }

  /** The path of the innermost quota that a node at `path` counts for. */
  innermost(path: string): string | undefined {
    if (this.#paths.size === 0) return undefined;
    for (let at = path; at.length > 1; at = parentPath(at)) if (this.#paths.has(at)) return at;
    return undefined;
  }

  /** The figures of a quota's limits; empty when the node is gone. */
  limitsOf(path: string): QuotaFigures {
    return parseQuotaFigures(this.#tree.nodes.get(quotaNode(path, limitsName))?.data ?? null);
  }

  /** How much of a quota is used; empty when nobody made the node that says so. */
  usageOf(path: string): QuotaFigures {
    return parseQuotaFigures(this.#tree.nodes.get(quotaNode(path, statsName))?.data ?? null);
  }

  /** A node is in the tree now. */
  created(path: string, node: ZNode): void {
    if (path.startsWith(quotaFolder)) this.#createdQuotaNode(path);
    this.#count(path, 1, node.dataLength);
  }

  /** A node is no longer in the tree. */
  deleted(path: string, node: ZNode): void {
    const limited = limitedPath(path);
    if (limited !== null) this.#paths.delete(limited);
    this.#count(path, -1, -node.dataLength);
  }

  /** A node's value has become longer by so many bytes. */
  grew(path: string, bytes: number): void {
    this.#count(path, 0, bytes);
  }

  /** Finds the quotas of a tree that was loaded, and counts what is used. */
  restore(): void {
    for (const [path] of this.#below("/zookeeper/quota")) {
      const limited = limitedPath(path);
      if (limited === null) continue;
      this.#paths.add(limited);
      this.#countAnew(limited);
    }
  }

  #createdQuotaNode(path: string): void {
    const limited = limitedPath(path);
    if (limited !== null) this.#paths.add(limited);
    else if (baseName(path) === statsName) this.#countAnew(subjectOf(path));
  }

  #count(path: string, count: number, bytes: number): void {
    const limited = this.innermost(path);
    if (limited === undefined) return;
    const stats = this.#tree.nodes.get(quotaNode(limited, statsName));
    if (stats === undefined) return;
    const figures = parseQuotaFigures(stats.data);
    figures.set("count", figure(figures, "count") + BigInt(count));
    figures.set("bytes", figure(figures, "bytes") + BigInt(bytes));
    this.#write(stats, figures);
  }

  #countAnew(path: string): void {
    const stats = this.#tree.nodes.get(quotaNode(path, statsName));
    if (stats === undefined) return;
    let [count, bytes] = [0, 0];
    for (const [, node] of this.#below(path)) {
      count += 1;
      bytes += node.dataLength;
    }
    const figures: QuotaFigures = new Map();
    figures.set("count", BigInt(count)).set("bytes", BigInt(bytes));
    this.#write(stats, figures);
  }

  /** The node at `path` and all below it. */
  *#below(path: string): Generator<readonly [path: string, node: ZNode]> {
    const pending = [path];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const node = this.#tree.nodes.get(next);
      if (node === undefined) continue;
      for (const childPath of node.childPaths ?? []) pending.push(childPath);
      yield [next, node];
    }
  }

  #write(stats: ZNode, figures: QuotaFigures): void {
    this.#tree.rewrite(stats, Buffer.from(formatQuotaFigures(figures)));
  }
}

function quotaNode(path: string, name: string): string {
  return `/zookeeper/quota${path}/${name}`;
}

/** The path that a limits node is about, or null for any other node. */
function limitedPath(path: string): string | null {
  if (!path.startsWith(quotaFolder) || !path.endsWith(`/${limitsName}`)) return null;
  const subject = subjectOf(path);
  return subject === "" ? null : subject;
}

/** The path that a node in a quota's folder is about; "" for the root. */
function subjectOf(path: string): string {
  return path.slice(quotaFolder.length - 1, path.lastIndexOf("/"));
}

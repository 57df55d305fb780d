/**
 * One node of the tree, in a form that is small and quick to answer reads from. A million of these
 * live at once: the numbers are in a row of bytes outside of the heap, sets of children exist only
 * where there are children, ACLs are indexes into a table, and small values are kept as one-byte
 * strings, which cost a third of a Buffer's memory and move with the garbage collector; large
 * values are Buffers of their own size outside the heap. A node does not know its path. It is
 * changed only by the tree it belongs to, and not to be kept longer than it is in the tree.
 */
import type { JuteWriter, Stat, StatPersisted } from "../wire/index.ts";
import { visibleOwner } from "./node-kind.ts";
import type { StatPages } from "./stat-pages.ts";
import { StatRow } from "./stat-row.ts";

/** Largest value kept as a string, in bytes. */
const inlineBytesMax = 512;

/** A node's value in the form that the tree keeps. */
type Content = string | Buffer | null;

/** A node. Its own numbers are the persisted stat. */
export class ZNode extends StatRow {
  /** Paths of the children, in order of creation; null when there are none. */
  childPaths: Set<string> | null = null;
  #content: Content;

  /** Copies the fields of `stat`, into a row of `pages`, and the bytes of `data`. */
  constructor(
    pages: StatPages,
    stat: Readonly<StatPersisted>,
    data: Buffer | null,
    contentCrc: number,
  ) {
    super(pages, stat);
    this.#content = keep(data);
    this.contentCrc = contentCrc;
  }

  get childCount(): number {
    return this.childPaths === null ? 0 : this.childPaths.size;
  }

  get dataLength(): number {
    return this.#content === null ? 0 : this.#content.length;
  }

  /** The value: for small nodes a fresh copy, for large ones the tree's own, not to be changed. */
  get data(): Buffer | null {
    const content = this.#content;
    return typeof content === "string" ? Buffer.from(content, "latin1") : content;
  }

  /** Copies the bytes of `data`. */
  setData(data: Buffer | null, contentCrc: number): void {
    this.#content = keep(data);
    this.contentCrc = contentCrc;
  }

  /** Appends the value as a buffer field. */
  writeData(writer: JuteWriter): void {
    const content = this.#content;
    if (typeof content === "string") writer.writeLatin1Buffer(content);
    else writer.writeBuffer(content);
  }
}

function keep(data: Buffer | null): Content {
  if (data === null) return null;
  if (data.length <= inlineBytesMax) return data.latin1Slice(0, data.length);
  const copy = Buffer.allocUnsafeSlow(data.length);
  data.copy(copy, 0, 0, data.length);
  return copy;
}

/** Appends what clients see of a node (68 bytes). */
export function writeNodeStat(writer: JuteWriter, node: ZNode): void {
  node.writeStat(writer, node.dataLength, node.childCount);
}

/** What clients see of a node, as it is now. */
export function statOf(node: ZNode): Stat {
  const childCount = node.childCount;
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    ctimeMs: node.ctimeMs,
    mtimeMs: node.mtimeMs,
    version: node.version,
    cversion: (node.cversion * 2 - childCount) | 0,
    aversion: node.aversion,
    ephemeralOwner: visibleOwner(node.ephemeralOwner),
    dataLength: node.dataLength,
    numChildren: childCount,
    pzxid: node.pzxid,
  };
}

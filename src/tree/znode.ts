/**
 * One node of the tree, in a form that is small and quick to answer reads from. A million of these
 * live at once: children sets exist only where there are children, ACLs are indexes into a table,
 * and small values are kept as one-byte strings, which cost a third of a Buffer's memory and move
 * with the garbage collector; large values are Buffers of their own size outside the heap.
 * A node does not know its path. It is changed only by the tree it belongs to.
 */
import type { JuteWriter, Stat, StatPersisted } from "../wire/index.ts";
import { visibleOwner } from "./node-kind.ts";

/** Largest value kept as a string, in bytes. */
const inlineBytesMax = 512;

/** A node's value in the form that the tree keeps. */
type Content = string | Buffer | null;

/** A node. Its own fields are the persisted stat: `cversion` counts creations of children only. */
export class ZNode implements StatPersisted {
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctimeMs: number;
  mtimeMs: number;
  version: number;
  cversion: number;
  aversion: number;
  ephemeralOwner: bigint;
  /** Index into the tree's ACL table. */
  aclIndex: number;
  /** Names of the children, in order of creation; null when there are none. */
  children: Set<string> | null = null;
  /** See `contentChecksum`. */
  contentCrc: number;
  /** What the node adds to the tree's digest, as a signed 32-bit integer. */
  digest = 0;
  #content: Content;

  /** Copies the fields of `stat` and the bytes of `data`. */
  constructor(stat: Readonly<StatPersisted>, data: Buffer | null, contentCrc: number) {
    this.czxid = stat.czxid;
    // Equal ones become one object: in a tree that is loaded each would take memory of its own.
    this.mzxid = stat.mzxid === stat.czxid ? stat.czxid : stat.mzxid;
    this.pzxid = stat.pzxid === stat.czxid ? stat.czxid : stat.pzxid;
    this.ctimeMs = stat.ctimeMs;
    this.mtimeMs = stat.mtimeMs;
    this.version = stat.version;
    this.cversion = stat.cversion;
    this.aversion = stat.aversion;
    this.ephemeralOwner = stat.ephemeralOwner === 0n ? 0n : stat.ephemeralOwner;
    this.aclIndex = -1;
    this.contentCrc = contentCrc;
    this.#content = keep(data);
  }

  get childCount(): number {
    return this.children === null ? 0 : this.children.size;
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

/** Appends what clients see of a node (68 bytes): every creation and deletion counts. */
export function writeNodeStat(writer: JuteWriter, node: ZNode): void {
  const childCount = node.childCount;
  writer.writeLong(node.czxid);
  writer.writeLong(node.mzxid);
  writer.writeLongNumber(node.ctimeMs);
  writer.writeLongNumber(node.mtimeMs);
  writer.writeInt(node.version);
  writer.writeInt(node.cversion * 2 - childCount);
  writer.writeInt(node.aversion);
  writer.writeLong(visibleOwner(node.ephemeralOwner));
  writer.writeInt(node.dataLength);
  writer.writeInt(childCount);
  writer.writeLong(node.pzxid);
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

/**
 * The numbers that belong to a node, kept in a row of bytes (`stat-pages.ts`). All are big-endian,
 * and the first 60 bytes are those that the digest is computed over and stand in its order:
 *
 *   0 czxid   8 mzxid   16 pzxid   24 ctime   32 mtime   40 version   44 cversion   48 aversion
 *   52 ephemeralOwner   60 contentCrc (float64)   68 digest (int32)   72 aclIndex (int32)
 */
import type { JuteWriter, StatPersisted } from "../wire/index.ts";
import { openAclIndex } from "./acl-table.ts";
import { contentDigest } from "./digest.ts";
import { visibleOwner } from "./node-kind.ts";
import type { StatPage, StatPages } from "./stat-pages.ts";

/** A stat in a row of its own. `cversion` counts creations of children only. */
export class StatRow implements StatPersisted {
  #page: StatPage;
  #at: number;

  /** Takes a row of `pages` and copies the fields of `stat`. */
  constructor(pages: StatPages, stat: Readonly<StatPersisted>) {
    const row = pages.take();
    const at = pages.offsetOf(row);
    const page = pages.pageOf(row);
    const { view } = page;
    this.#page = page;
    this.#at = at;
    view.setBigInt64(at, stat.czxid);
    view.setBigInt64(at + 8, stat.mzxid);
    view.setBigInt64(at + 16, stat.pzxid);
    setLongNumber(view, at + 24, stat.ctimeMs);
    setLongNumber(view, at + 32, stat.mtimeMs);
    view.setInt32(at + 40, stat.version);
    view.setInt32(at + 44, stat.cversion);
    view.setInt32(at + 48, stat.aversion);
    view.setBigInt64(at + 52, stat.ephemeralOwner);
    view.setFloat64(at + 60, 0);
    view.setInt32(at + 68, 0);
    view.setInt32(at + 72, openAclIndex);
  }

  get czxid(): bigint {
    return this.#page.view.getBigInt64(this.#at);
  }

  get mzxid(): bigint {
    return this.#page.view.getBigInt64(this.#at + 8);
  }

  set mzxid(zxid: bigint) {
    this.#page.view.setBigInt64(this.#at + 8, zxid);
  }

  get pzxid(): bigint {
    return this.#page.view.getBigInt64(this.#at + 16);
  }

  set pzxid(zxid: bigint) {
    this.#page.view.setBigInt64(this.#at + 16, zxid);
  }

  get ctimeMs(): number {
    return getLongNumber(this.#page.view, this.#at + 24);
  }

  get mtimeMs(): number {
    return getLongNumber(this.#page.view, this.#at + 32);
  }

  set mtimeMs(timeMs: number) {
    setLongNumber(this.#page.view, this.#at + 32, timeMs);
  }

  get version(): number {
    return this.#page.view.getInt32(this.#at + 40);
  }

  set version(version: number) {
    this.#page.view.setInt32(this.#at + 40, version);
  }

  get cversion(): number {
    return this.#page.view.getInt32(this.#at + 44);
  }

  set cversion(version: number) {
    this.#page.view.setInt32(this.#at + 44, version);
  }

  get aversion(): number {
    return this.#page.view.getInt32(this.#at + 48);
  }

  set aversion(version: number) {
    this.#page.view.setInt32(this.#at + 48, version);
  }

  get ephemeralOwner(): bigint {
    return this.#page.view.getBigInt64(this.#at + 52);
  }

  /** See `contentChecksum`. */
  get contentCrc(): number {
    return this.#page.view.getFloat64(this.#at + 60);
  }

  set contentCrc(crc: number) {
    this.#page.view.setFloat64(this.#at + 60, crc);
  }

  /** What the node adds to the tree's digest, as it was last computed, in `[0, 2^32)`. */
  get digest(): number {
    return this.#page.view.getUint32(this.#at + 68);
  }

  /** Index into the tree's ACL table; at first that of the open ACL. */
  get aclIndex(): number {
    return this.#page.view.getInt32(this.#at + 72);
  }

  set aclIndex(index: number) {
    this.#page.view.setInt32(this.#at + 72, index);
  }

  /** Computes what the node adds to the tree's digest; returns it. */
  refreshDigest(): number {
    const digest = contentDigest(this.contentCrc, this.#page.bytes, this.#at);
    this.#page.view.setInt32(this.#at + 68, digest);
    return digest;
  }

  /** Gives the row back to the pages that it is from: all numbers are 0 from now on. */
  giveBack(pages: StatPages): void {
    pages.giveBack(this.#page, this.#at);
    this.#page = pages.blank;
    this.#at = 0;
  }

  /** Appends what clients see (68 bytes): every creation and deletion of a child counts. */
  writeStat(writer: JuteWriter, dataLength: number, childCount: number): void {
    const { view } = this.#page;
    const at = this.#at;
    writer.writeLongOf(view, at);
    writer.writeLongOf(view, at + 8);
    writer.writeLongOf(view, at + 24);
    writer.writeLongOf(view, at + 32);
    writer.writeInt(view.getInt32(at + 40));
    writer.writeInt(view.getInt32(at + 44) * 2 - childCount);
    writer.writeInt(view.getInt32(at + 48));
    // Most nodes have no owner, and need no bigint for that.
    if (view.getInt32(at + 52) === 0 && view.getInt32(at + 56) === 0) writer.writeLongNumber(0);
    else writer.writeLong(visibleOwner(view.getBigInt64(at + 52)));
    writer.writeInt(dataLength);
    writer.writeInt(childCount);
    writer.writeLongOf(view, at + 16);
  }
}

function getLongNumber(view: DataView, at: number): number {
  return view.getInt32(at) * 4294967296 + view.getUint32(at + 4);
}

function setLongNumber(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 4294967296);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * 4294967296);
}

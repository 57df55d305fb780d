/**
 * The ACLs of a tree, each kept once under a number (ZooKeeper 3.9 `ReferenceCountedACLCache`).
 * Number -1 is the open ACL and is never stored; other numbers are positive and never used twice,
 * because a snapshot's table and its nodes are written down at different moments. An ACL leaves
 * the table with its last node.
 */
import { assertDefined } from "../base/index.ts";
import { openAcl } from "../wire/index.ts";
import type { Acl } from "../wire/index.ts";

/** The number of the ACL that lets everybody do everything. */
export const openAclIndex = -1;

/** An ACL that lets nobody do anything. */
const closedAcl: readonly Acl[] = [{ perms: 0, id: { scheme: "world", id: "anyone" } }];

interface Entry {
  readonly acl: readonly Acl[];
  readonly key: string;
  uses: number;
}

/** A table of shared ACLs with counts of use. */
export class AclTable {
  readonly #entries = new Map<number, Entry>();
  readonly #indexes = new Map<string, number>();
  #lastIndex = 0;

  /** The ACL with this number, which must be in use. */
  get(index: number): readonly Acl[] {
    if (index === openAclIndex) return openAcl;
    return assertDefined(this.#entries.get(index), "A node's ACL is in the table").acl;
  }

  /** Takes a number for `acl` and counts one more use of it; null means the open ACL. */
  acquire(acl: readonly Acl[] | null): number {
    if (acl === null || isOpen(acl)) return openAclIndex;
    const key = keyOf(acl);
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#lastIndex + 1;
      this.define(index, acl);
    }
    this.#use(index);
    return index;
  }

  /** Gives back one use; an ACL that nothing uses is forgotten. */
  release(index: number): void {
    if (index === openAclIndex) return;
    const entry = assertDefined(this.#entries.get(index), "A released ACL is in the table");
    entry.uses -= 1;
    if (entry.uses <= 0) this.#forget(index, entry);
  }

  /** Enters an ACL under the number that a snapshot gives it, not in use yet. */
  define(index: number, acl: readonly Acl[]): void {
    const key = keyOf(acl);
    this.#entries.set(index, { acl, key, uses: 0 });
    this.#indexes.set(key, index);
    if (index > this.#lastIndex) this.#lastIndex = index;
  }

  /**
   * Counts a use by a node of a snapshot; returns the number to keep. A number that is not in the
   * table belongs to an ACL made while the snapshot was written: the log that follows sets it
   * again, and until then nobody may use the node.
   */
  reuse(index: number): number {
    if (index === openAclIndex) return index;
    if (!this.#entries.has(index)) return this.acquire(closedAcl);
    this.#use(index);
    return index;
  }

  /** Forgets what no node of a snapshot used. */
  purgeUnused(): void {
    for (const [index, entry] of this.#entries) {
      if (entry.uses <= 0) this.#forget(index, entry);
    }
  }

  /** A copy of the table, for a snapshot. */
  list(): (readonly [index: number, acl: readonly Acl[]])[] {
    return Array.from(this.#entries, ([index, entry]) => [index, entry.acl] as const);
  }

  #use(index: number): void {
    assertDefined(this.#entries.get(index), "A used ACL is in the table").uses += 1;
  }

  #forget(index: number, entry: Entry): void {
    this.#entries.delete(index);
    if (this.#indexes.get(entry.key) === index) this.#indexes.delete(entry.key);
  }
}

function isOpen(acl: readonly Acl[]): boolean {
  if (acl === openAcl) return true;
  if (acl.length !== 1) return false;
  const { perms, id } = acl[0]!;
  return perms === 31 && id.scheme === "world" && id.id === "anyone";
}

function keyOf(acl: readonly Acl[]): string {
  let key = "";
  // Lengths keep two lists from sharing a key whatever their names contain.
  for (const { perms, id } of acl) {
    key += `${perms},${id.scheme.length},${id.id.length},${id.scheme}${id.id}`;
  }
  return key;
}

import { describe, expect, it } from "vitest";
import { AclTable, openAclIndex } from "../../src/tree/acl-table.ts";
import { openAcl } from "../../src/wire/index.ts";
import type { Acl } from "../../src/wire/index.ts";

function acl(id: string, perms = 1): Acl[] {
  return [{ perms, id: { scheme: "digest", id } }];
}

describe("AclTable", () => {
  it("keeps equal lists once and the open one not at all", () => {
    const table = new AclTable();
    expect(table.acquire(null)).toBe(openAclIndex);
    expect(table.acquire(structuredClone(openAcl))).toBe(openAclIndex);
    const index = table.acquire(acl("a"));
    expect(table.acquire(acl("a"))).toBe(index);
    expect(table.acquire(acl("a", 2))).not.toBe(index);
    expect(table.list()).toHaveLength(2);
    expect(table.get(openAclIndex)).toEqual(openAcl);
  });

  it("does not take lists for equal whose texts only run together alike", () => {
    const table = new AclTable();
    const one = table.acquire([...acl("b"), ...acl("c")]);
    const other = table.acquire(acl("b1,6,1,digestc"));
    expect(one).not.toBe(other);
  });

  it("forgets a list with its last use and never gives its number again", () => {
    const table = new AclTable();
    const index = table.acquire(acl("a"));
    table.acquire(acl("a"));
    table.release(index);
    expect(table.get(index)).toEqual(acl("a"));
    table.release(index);
    expect(table.list()).toEqual([]);
    expect(table.acquire(acl("a"))).toBeGreaterThan(index);
  });

  it("takes over a snapshot's numbers and drops those without use", () => {
    const table = new AclTable();
    table.define(7, acl("a"));
    table.define(9, acl("b"));
    expect(table.reuse(7)).toBe(7);
    table.purgeUnused();
    expect(table.list()).toEqual([[7, acl("a")]]);
    expect(table.acquire(acl("c"))).toBe(10);
  });

  it("closes a node whose ACL the snapshot does not have yet", () => {
    const table = new AclTable();
    table.define(7, acl("a"));
    const index = table.reuse(8);
    expect(table.get(index)).toEqual([{ perms: 0, id: { scheme: "world", id: "anyone" } }]);
    table.release(index);
    expect(table.list()).toEqual([[7, acl("a")]]);
  });
});

import { describe, expect, it } from "vitest";
import { fixAcl, isAllowed } from "../../src/tree/index.ts";
import { Perms, openAcl } from "../../src/wire/index.ts";
import type { Acl, Id } from "../../src/wire/index.ts";

function id(text: string): Id {
  const colon = text.indexOf(":");
  return { scheme: text.slice(0, colon), id: text.slice(colon + 1) };
}

function acl(...entries: [perms: number, id: string][]): Acl[] {
  return entries.map(([perms, text]) => ({ perms, id: id(text) }));
}

type Case = [what: string, list: Acl[], perms: number, ids: string[], expected: boolean];

describe("isAllowed()", () => {
  const cases: Case[] = [
    ["an empty ACL allows everything", [], Perms.all, [], true],
    ["the world", acl([31, "world:anyone"]), Perms.admin, [], true],
    ["the world, without the permission", acl([1, "world:anyone"]), Perms.write, [], false],
    ["one of several permissions is enough", acl([1, "world:anyone"]), 1 | 16, [], true],
    ["world without anyone", acl([31, "world:everyone"]), Perms.read, [], false],
    ["super, whatever the ACL", acl([0, "world:anyone"]), Perms.read, ["super:"], true],
    ["the same digest", acl([31, "digest:u:h"]), Perms.read, ["digest:u:h"], true],
    ["another digest", acl([31, "digest:u:h"]), Perms.read, ["digest:u:x"], false],
    ["the id in another scheme", acl([31, "digest:u:h"]), Perms.read, ["sasl:u:h"], false],
    ["sasl super", acl([31, "sasl:alice"]), Perms.read, ["sasl:super"], true],
    ["x509", acl([31, "x509:CN=a"]), Perms.read, ["ip:1.1.1.1", "x509:CN=a"], true],
    ["an address", acl([1, "ip:10.0.0.1"]), Perms.read, ["ip:10.0.0.1"], true],
    ["a range", acl([1, "ip:10.1.0.0/16"]), Perms.read, ["ip:10.1.2.3"], true],
    ["outside of a range", acl([1, "ip:10.1.0.0/16"]), Perms.read, ["ip:10.2.2.3"], false],
  ];

  it.each(cases)("%s", (...each) => {
    const [, list, perms, ids, expected] = each;
    expect(isAllowed(list, perms, ids.map(id))).toBe(expected);
  });
});

describe("fixAcl()", () => {
  const me = [id("ip:127.0.0.1"), id("digest:me:h")];

  it("leaves out duplicates", () => {
    const twice = [...acl([1, "world:anyone"], [2, "ip:1.2.3.4"]), ...acl([1, "world:anyone"])];
    expect(fixAcl(twice, me)).toEqual(acl([1, "world:anyone"], [2, "ip:1.2.3.4"]));
  });

  it("puts the caller's proven identities in the place of auth", () => {
    const ids = [...me, id("digest:other:h")];
    expect(fixAcl(acl([5, "auth:"]), ids)).toEqual(acl([5, "digest:me:h"], [5, "digest:other:h"]));
  });

  it.each<[string, readonly Acl[] | null]>([
    ["null", null],
    ["an empty list", []],
    ["an unknown scheme", acl([31, "magic:x"])],
    ["a scheme that is not configured", acl([31, "sasl:bob"])],
    ["super", acl([31, "super:"])],
    ["no scheme", acl([31, ":x"])],
    ["world without anyone", acl([31, "world:x"])],
    ["a digest without hash", acl([31, "digest:user"])],
    ["a digest with an empty hash", acl([31, "digest:user:"])],
    ["a digest with two colons", acl([31, "digest:a:b:c"])],
    ["an address that is none", acl([31, "ip:localhost"])],
    ["a prefix that is too long", acl([31, "ip:1.2.3.4/33"])],
    ["one bad entry among good ones", [...openAcl, ...acl([1, "ip:x"])]],
  ])("refuses %s", (_, list) => {
    expect(fixAcl(list, me)).toBeNull();
  });

  it("refuses auth from a caller who has proved nothing", () => {
    expect(fixAcl(acl([31, "auth:"]), [id("ip:127.0.0.1")])).toBeNull();
  });

  it("accepts configured schemes", () => {
    const list = acl([31, "sasl:bob"], [1, "x509:CN=x"]);
    expect(fixAcl(list, me, new Set(["sasl", "x509"]))).toEqual(list);
  });
});

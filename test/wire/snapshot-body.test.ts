import { describe, expect, it } from "vitest";
import { SnapshotBodyDecoder, WireError, encodeSnapshotBody } from "../../src/wire/index.ts";
import type { Acl, SnapshotNode, SnapshotSink, SnapshotSource } from "../../src/wire/index.ts";

const acl: Acl[] = [{ perms: 1, id: { scheme: "digest", id: "u:h" } }];

function node(path: string, data: string | null, aclIndex = -1): SnapshotNode {
  return {
    path,
    data: data === null ? null : Buffer.from(data),
    aclIndex,
    stat: {
      czxid: 1n,
      mzxid: 2n,
      ctimeMs: 1_700_000_000_000,
      mtimeMs: 1_700_000_000_001,
      version: 3,
      cversion: 4,
      aversion: 5,
      ephemeralOwner: 6n,
      pzxid: 7n,
    },
  };
}

const source: SnapshotSource = {
  sessions: () => [
    [1n, 4000],
    [-2n, 8000],
  ],
  acls: () => [[1, acl]],
  nodes: () => [node("", null), node("/a", "x".repeat(300), 1), node("/a/é", "")],
};

function collector(): { items: unknown[]; sink: SnapshotSink } {
  const items: unknown[] = [];
  return {
    items,
    sink: {
      session: (...session) => items.push(session),
      acl: (...entry) => items.push(entry),
      node: (each) => items.push(each),
    },
  };
}

const expected = [...source.sessions(), ...source.acls(), ...source.nodes()];
const whole = Buffer.concat([...encodeSnapshotBody(source)]);

describe("snapshot body", () => {
  it("is made of the same bytes whatever the size of chunks", () => {
    const chunks = [...encodeSnapshotBody(source, 1)];
    expect(chunks.length).toBeGreaterThan(4);
    expect(Buffer.concat(chunks).equals(whole)).toBe(true);
    expect(whole.subarray(-5).toString("hex")).toBe("000000012f");
  });

  it("is read as it was written, split at every offset, and leaves what follows", () => {
    for (let at = 0; at <= whole.length; at++) {
      const { items, sink } = collector();
      const decoder = new SnapshotBodyDecoder(sink);
      const early = decoder.push(whole.subarray(0, at));
      const rest = decoder.push(Buffer.concat([whole.subarray(at), Buffer.from("rest")]));
      expect(early === null || at === whole.length).toBe(true);
      expect(rest?.toString()).toBe("rest");
      expect(items).toEqual(expected);
    }
  });

  it("may be empty but for the end", () => {
    const { items, sink } = collector();
    const empty = { sessions: () => [], acls: () => [], nodes: () => [] };
    const bytes = Buffer.concat([...encodeSnapshotBody(empty)]);
    expect(new SnapshotBodyDecoder(sink).push(bytes)).toHaveLength(0);
    expect(items).toEqual([]);
  });

  it.each([
    ["a negative count of sessions", "ffffffff"],
    ["a negative count of ACLs", "00000000fffffffe"],
    ["a negative length of an ACL", "00000000000000010000000000000001fffffffe"],
    ["a node without a path", "0000000000000000ffffffff"],
    [
      "a negative length of data",
      "00000000000000000000000000000000fffffff0".slice(0, 24) + "fffffff0",
    ],
  ])("is refused with %s", (_, hex) => {
    const decoder = new SnapshotBodyDecoder(collector().sink);
    expect(() => decoder.push(Buffer.from(hex, "hex"))).toThrow(WireError);
  });
});

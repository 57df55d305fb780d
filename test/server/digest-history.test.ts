import { describe, expect, it } from "vitest";
import { DigestHistory } from "../../src/server/digest-history.ts";
import { DataTree } from "../../src/tree/index.ts";

describe("DigestHistory", () => {
  it("keeps the digest after each transaction whose zxid is a multiple of 128", () => {
    const [history, tree] = [new DigestHistory(), new DataTree()];
    for (let zxid = 0x1_0000_0001n; zxid <= 0x1_0000_0100n; zxid += 1n) history.applied(zxid, tree);
    const { digest } = tree;
    expect(history.records).toEqual([
      { zxid: 0x1_0000_0080n, digest },
      { zxid: 0x1_0000_0100n, digest },
    ]);
  });

  it("keeps the newest 1024, and none of a tree that was replaced", () => {
    const [history, tree] = [new DigestHistory(), new DataTree()];
    for (let n = 1n; n <= 5000n; n += 1n) history.applied(n * 128n, tree);
    expect(history.records).toHaveLength(1024);
    expect(history.records.at(-1)?.zxid).toBe(640_000n);
    history.clear();
    expect(history.records).toEqual([]);
  });
});

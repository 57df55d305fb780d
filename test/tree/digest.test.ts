import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataTree } from "../../src/tree/index.ts";
import { TreeDigest, contentChecksum, nodeDigest } from "../../src/tree/digest.ts";
import { OpCode } from "../../src/wire/index.ts";
import { LeaderRig, createBody, setDataBody } from "./support/leader-rig.ts";

/** The digest of a tree, computed from scratch. */
function digestFromScratch(tree: DataTree): bigint {
  let sum = 0n;
  for (const { path, data, stat } of tree.nodes()) {
    sum += BigInt(nodeDigest(contentChecksum(path, data), stat));
  }
  return BigInt.asUintN(64, sum);
}

describe("digest", () => {
  it("of an empty tree is that of Apache ZooKeeper", () => {
    expect(new DataTree().digest).toBe(0x51c6d660n);
    expect(digestFromScratch(new DataTree())).toBe(0x51c6d660n);
  });

  it("leaves out nodes under /zookeeper/ but not /zookeeper itself", () => {
    const rig = new LeaderRig();
    rig.run(OpCode.create, createBody("/zookeeper/quota/x"), { authInfo: [] });
    const parent = rig.tree.getNode("/zookeeper/quota");
    expect(parent?.childCount).toBe(1);
    expect(rig.tree.digest).toBe(0x51c6d660n);
    rig.run(OpCode.setData, setDataBody("/zookeeper", "v"));
    expect(rig.tree.digest).not.toBe(0x51c6d660n);
    expect(digestFromScratch(rig.tree)).toBe(rig.tree.digest);
  });

  it("gives the root one name", () => {
    expect(contentChecksum("/", Buffer.from("x"))).toBe(contentChecksum("", Buffer.from("x")));
  });
});

describe("TreeDigest", () => {
  it("is the sum of what was counted in and not out, modulo 2^64", () => {
    const crc = fc.nat(0xffffffff);
    fc.assert(
      fc.property(fc.array(fc.tuple(crc, crc), { maxLength: 50 }), (changes) => {
        const digest = new TreeDigest();
        let expected = 0n;
        for (const [before, after] of changes) {
          digest.replace(before, after);
          expected += BigInt(after) - BigInt(before);
        }
        expect(digest.value).toBe(BigInt.asUintN(64, expected));
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import {
  NodeKind,
  nodeKind,
  ttlMsMax,
  ttlOf,
  ttlOwner,
  visibleOwner,
} from "../../src/tree/node-kind.ts";
import { containerOwner } from "../../src/wire/index.ts";

describe("nodeKind()", () => {
  it.each([
    [0n, NodeKind.persistent],
    [0x0100_0011_b7b3_0000n, NodeKind.ephemeral],
    [-0x0100_0000_0000_0001n, NodeKind.ephemeral],
    [BigInt.asIntN(64, 0xff00_0100_0000_0000n), NodeKind.ephemeral],
    [containerOwner, NodeKind.container],
    [BigInt.asIntN(64, 0xff00_0000_0000_0001n), NodeKind.ttl],
    [BigInt.asIntN(64, 0xff00_00ff_ffff_ffffn), NodeKind.ttl],
  ])("of owner %s", (owner, kind) => {
    expect(nodeKind(owner)).toBe(kind);
    expect(visibleOwner(owner)).toBe(kind === NodeKind.ephemeral ? owner : 0n);
  });
});

describe("ttlOwner()", () => {
  it("keeps the time to live", () => {
    for (const ttlMs of [1, 60_000, ttlMsMax]) {
      expect(nodeKind(ttlOwner(ttlMs))).toBe(NodeKind.ttl);
      expect(ttlOf(ttlOwner(ttlMs))).toBe(ttlMs);
    }
  });
});

import { describe, expect, it } from "vitest";
import { isDue } from "../../src/tree/index.ts";
import { ttlOwner } from "../../src/tree/node-kind.ts";
import { OpCode, containerOwner } from "../../src/wire/index.ts";
import { LeaderRig, createBody, pathBody, setDataBody } from "./support/leader-rig.ts";

const bornMs = 1_000_000;
const container = { ephemeralOwner: containerOwner, mtimeMs: bornMs, cversion: 0, childCount: 0 };
const ttl = { ...container, ephemeralOwner: ttlOwner(500) };

describe("isDue()", () => {
  it("says yes for a container that its last child has left", () => {
    expect(isDue({ ...container, cversion: 1 }, bornMs, 0)).toBe(true);
    expect(isDue({ ...container, cversion: 1, childCount: 1 }, bornMs, 0)).toBe(false);
  });

  it("gives a container without a first child the time that is set, or for ever", () => {
    expect(isDue(container, bornMs + 1e9, 0)).toBe(false);
    expect(isDue(container, bornMs + 300, 300)).toBe(false);
    expect(isDue(container, bornMs + 301, 300)).toBe(true);
  });

  it("says yes for a TTL node after its time without a change, unless it has children", () => {
    expect(isDue(ttl, bornMs + 500, 0)).toBe(false);
    expect(isDue(ttl, bornMs + 501, 0)).toBe(true);
    expect(isDue({ ...ttl, childCount: 1 }, bornMs + 501, 0)).toBe(false);
  });

  it("says no for nodes of other kinds", () => {
    for (const ephemeralOwner of [0n, 77n]) {
      expect(isDue({ ...ttl, ephemeralOwner, cversion: 1 }, bornMs + 1e9, 1)).toBe(false);
    }
  });
});

describe("deleteContainer", () => {
  it("spares a TTL node that was changed while its removal was decided", () => {
    const rig = new LeaderRig({ extendedTypesEnabled: true, windowMax: 2 });
    // The rig's clock advances by 7 ms with each request.
    rig.propose(OpCode.createTTL, createBody("/t", { flags: 5, ttlMs: 10 }));
    rig.propose(OpCode.setData, setDataBody("/t", "x"));
    const early = rig.propose(OpCode.deleteContainer, pathBody("/t"));
    expect(early.txn).toMatchObject({ type: OpCode.error });
    const late = rig.propose(OpCode.deleteContainer, pathBody("/t"));
    expect(late.txn).toEqual({ type: OpCode.deleteContainer, path: "/t" });
  });
});

/** Quotas: what is counted as used, and what the leader refuses. */
import { describe, expect, it } from "vitest";
import { randomInt, seededRandom } from "../../src/base/index.ts";
import type { QuotaExcess } from "../../src/tree/index.ts";
import { ErrorCode, OpCode } from "../../src/wire/index.ts";
import {
  LeaderRig,
  copyTree,
  createBody,
  createOp,
  deleteBody,
  multiBody,
  noBody,
  setDataBody,
} from "./support/leader-rig.ts";

/** Makes the nodes of a quota as ZooKeeper's shell does. */
function setQuota(rig: LeaderRig, path: string, limits: string): void {
  let folder = "/zookeeper/quota";
  for (const name of path.split("/").slice(1)) {
    folder += `/${name}`;
    rig.run(OpCode.create, createBody(folder));
  }
  rig.run(OpCode.create, createBody(`${folder}/zookeeper_limits`, { data: limits }));
  const stats = { data: "count=0,bytes=0" };
  rig.run(OpCode.create, createBody(`${folder}/zookeeper_stats`, stats));
}

function usage(rig: LeaderRig, path: string): string | undefined {
  return rig.tree.getNode(`/zookeeper/quota${path}/zookeeper_stats`)?.data?.toString();
}

function strictRig(windowMax = 0): { rig: LeaderRig; excesses: QuotaExcess[] } {
  const excesses: QuotaExcess[] = [];
  const limits = {
    enforceQuota: true,
    ephemeralBytesMax: 100,
    quotaExceeded: (excess: QuotaExcess): void => void excesses.push(excess),
  };
  return { rig: new LeaderRig({ limits, windowMax }), excesses };
}

const { ok, quotaExceeded } = ErrorCode;

describe("The usage of a quota", () => {
  it("counts what is there when it is set, and every change after it", () => {
    const rig = new LeaderRig();
    rig.run(OpCode.create, createBody("/a", { data: "12345" }));
    rig.run(OpCode.create, createBody("/a/b", { data: "678" }));
    setQuota(rig, "/a", "count=10,bytes=100");
    expect(usage(rig, "/a")).toBe("count=2,bytes=8");
    rig.run(OpCode.create, createBody("/a/b/c", { data: "xy", flags: 1 }));
    expect(usage(rig, "/a")).toBe("count=3,bytes=10");
    rig.run(OpCode.setData, setDataBody("/a/b", null));
    expect(usage(rig, "/a")).toBe("count=3,bytes=7");
    rig.run(OpCode.closeSession, noBody);
    expect(usage(rig, "/a")).toBe("count=2,bytes=5");
    rig.run(OpCode.delete, deleteBody("/a/b"));
    expect(usage(rig, "/a")).toBe("count=1,bytes=5");
    rig.run(OpCode.create, createBody("/ab", { data: "not below it" }));
    expect(usage(rig, "/a")).toBe("count=1,bytes=5");
    expect(rig.mismatches).toEqual([]);
  });

  it("is that of the innermost quota, until it is deleted", () => {
    const rig = new LeaderRig();
    rig.run(OpCode.create, createBody("/a"));
    rig.run(OpCode.create, createBody("/a/b"));
    setQuota(rig, "/a", "count=10,bytes=-1");
    setQuota(rig, "/a/b", "count=10,bytes=-1");
    rig.run(OpCode.create, createBody("/a/b/c"));
    expect([usage(rig, "/a"), usage(rig, "/a/b")]).toEqual(["count=2,bytes=0", "count=2,bytes=0"]);
    rig.run(OpCode.delete, deleteBody("/zookeeper/quota/a/b/zookeeper_limits"));
    rig.run(OpCode.create, createBody("/a/b/d"));
    expect([usage(rig, "/a"), usage(rig, "/a/b")]).toEqual(["count=3,bytes=0", "count=2,bytes=0"]);
    expect([...rig.tree.quotas.paths]).toEqual(["/a"]);
  });

  it("changes neither the stat nor the digest, and is kept account of", () => {
    const rig = new LeaderRig();
    rig.run(OpCode.create, createBody("/a"));
    setQuota(rig, "/a", "count=10,bytes=-1");
    const statsPath = "/zookeeper/quota/a/zookeeper_stats";
    const { mzxid, version } = rig.tree.getNode(statsPath)!;
    const bytesBefore = rig.tree.approximateDataBytes;
    for (let i = 0; i < 9; i++) rig.run(OpCode.create, createBody(`/a/${i}`));
    expect(usage(rig, "/a")).toBe("count=10,bytes=0");
    expect(rig.tree.getNode(statsPath)).toMatchObject({ mzxid, version });
    // Nine paths of four characters, and one digit more in the statistics.
    expect(rig.tree.approximateDataBytes).toBe(bytesBefore + 9 * 4 + 1);
    expect(rig.mismatches).toEqual([]);
  });

  it("survives whatever clients write into the nodes, and a quota on the root", () => {
    const { rig } = strictRig();
    for (const name of ["zookeeper_limits", "zookeeper_stats"]) {
      rig.run(OpCode.create, createBody(`/zookeeper/quota/${name}`, { data: "count=0" }));
    }
    rig.run(OpCode.create, createBody("/a"));
    setQuota(rig, "/a", "=,;count;bytes=x");
    rig.run(OpCode.setData, setDataBody("/zookeeper/quota/a/zookeeper_stats", "count=zero"));
    expect(rig.code(OpCode.create, createBody("/a/b"))).toBe(ok);
    expect(usage(rig, "/a")).toBe("count=0,bytes=-1");
    rig.run(OpCode.delete, deleteBody("/zookeeper/quota/a/zookeeper_stats"));
    expect(rig.code(OpCode.create, createBody("/a/c"))).toBe(ok);
  });

  it("is counted anew when a snapshot is loaded", () => {
    const rig = new LeaderRig();
    rig.run(OpCode.create, createBody("/a", { data: "123" }));
    setQuota(rig, "/a", "count=10,bytes=-1");
    rig.run(OpCode.setData, setDataBody("/zookeeper/quota/a/zookeeper_stats", "count=77,bytes=77"));
    const tree = copyTree(rig.tree);
    const stats = tree.getNode("/zookeeper/quota/a/zookeeper_stats");
    expect(stats?.data?.toString()).toBe("count=1,bytes=3");
    expect(tree.quotas.innermost("/a/b/c")).toBe("/a");
  });

  it("agrees with the tree after a thousand random changes", () => {
    const rig = new LeaderRig({ windowMax: 5 });
    const random = seededRandom(7);
    rig.run(OpCode.create, createBody("/q"));
    setQuota(rig, "/q", "count=3,bytes=3");
    const paths = ["/q/a", "/q/b", "/q/a/c", "/q/a/d", "/q/a/c/e", "/other"];
    for (let i = 0; i < 1000; i++) {
      const path = paths[randomInt(random, 0, paths.length)]!;
      const data = "x".repeat(randomInt(random, 0, 9));
      const kind = randomInt(random, 0, 4);
      if (kind === 0) rig.propose(OpCode.delete, deleteBody(path));
      else if (kind === 1) rig.propose(OpCode.setData, setDataBody(path, data));
      else rig.propose(OpCode.create, createBody(path, { data, flags: kind === 2 ? 0 : 1 }));
    }
    rig.applyAll();
    expect(usage(rig, "/q")).toBe(
      copyTree(rig.tree).getNode("/zookeeper/quota/q/zookeeper_stats")?.data?.toString(),
    );
  });
});

describe("A hard limit", () => {
  it("refuses one node too many, and one byte too many", () => {
    const { rig, excesses } = strictRig();
    rig.run(OpCode.create, createBody("/a", { data: "12345" }));
    setQuota(rig, "/a", "count=-1,bytes=-1=;byteHardLimit=7;countHardLimit=2");
    expect(rig.code(OpCode.create, createBody("/a/b", { data: "123" }))).toBe(quotaExceeded);
    expect(rig.code(OpCode.create, createBody("/a/b", { data: "12" }))).toBe(ok);
    expect(rig.code(OpCode.create, createBody("/a/c"))).toBe(quotaExceeded);
    expect(rig.code(OpCode.setData, setDataBody("/a", "123456"))).toBe(quotaExceeded);
    // As in ZooKeeper, the quota comes before the version.
    expect(rig.code(OpCode.setData, setDataBody("/a", "123456", 9))).toBe(quotaExceeded);
    expect(rig.code(OpCode.setData, setDataBody("/a", "54321"))).toBe(ok);
    expect(excesses.map(({ unit, used, refused }) => [unit, used, refused])).toEqual([
      ["bytes", 8n, true],
      ["count", 3n, true],
      ["bytes", 8n, true],
      ["bytes", 8n, true],
    ]);
  });

  it("holds for requests that are not applied yet, and inside a multi", () => {
    const { rig } = strictRig(100);
    rig.run(OpCode.create, createBody("/a"));
    setQuota(rig, "/a", "count=-1,bytes=-1=;countHardLimit=3");
    const codes = (bodies: readonly string[]): number[] =>
      bodies.map((path) => {
        const { txn } = rig.propose(OpCode.create, createBody(path));
        return txn.type === OpCode.error ? txn.err : ok;
      });
    const multi = rig.propose(
      OpCode.multi,
      multiBody([createOp("/a/1"), createOp("/a/2"), createOp("/a/3")]),
    );
    expect(multi.txn).toMatchObject({ txns: [{ err: 0 }, { err: 0 }, { err: quotaExceeded }] });
    expect(codes(["/a/1", "/a/2", "/a/3"])).toEqual([ok, ok, quotaExceeded]);
    rig.propose(OpCode.delete, deleteBody("/a/1"));
    expect(codes(["/a/4", "/a/5"])).toEqual([ok, quotaExceeded]);
    rig.applyAll();
    expect(codes(["/a/6"])).toEqual([quotaExceeded]);
    expect(usage(rig, "/a")).toBe("count=3,bytes=0");
  });

  it("is only reported when quotas are not enforced, and so is a soft one", () => {
    const excesses: QuotaExcess[] = [];
    const quotaExceeded = (excess: QuotaExcess): void => void excesses.push(excess);
    const limits = { enforceQuota: false, ephemeralBytesMax: 100, quotaExceeded };
    const rig = new LeaderRig({ limits });
    rig.run(OpCode.create, createBody("/a"));
    setQuota(rig, "/a", "count=1,bytes=0=;byteHardLimit=1");
    expect(rig.code(OpCode.create, createBody("/a/b", { data: "12" }))).toBe(ok);
    expect(excesses).toEqual([
      { path: "/a", unit: "count", isHard: false, used: 2n, limit: 1n, refused: false },
      { path: "/a", unit: "bytes", isHard: true, used: 2n, limit: 1n, refused: false },
    ]);
  });
});

describe("The ephemeral nodes of a session", () => {
  const ephemeral = (path: string): Buffer => createBody(path, { flags: 1 });
  const long = (letter: string): string => `/${letter.repeat(45)}`;

  it("are no more than fit in the transaction that closes it, in bytes of UTF-8", () => {
    const { rig } = strictRig();
    // 50 bytes each of 100.
    expect(rig.code(OpCode.create, ephemeral(long("a")))).toBe(ok);
    expect(rig.code(OpCode.create, ephemeral(long("b")))).toBe(ok);
    expect(rig.code(OpCode.create, ephemeral("/c"))).toBe(quotaExceeded);
    expect(rig.code(OpCode.create, createBody("/c"))).toBe(ok);
    expect(rig.code(OpCode.create, ephemeral(`/${"é".repeat(22)}`), { sessionId: 8n })).toBe(ok);
    expect(rig.code(OpCode.create, ephemeral(`/${"è".repeat(30)}`), { sessionId: 8n })).toBe(
      quotaExceeded,
    );
    rig.run(OpCode.delete, deleteBody(long("a")));
    expect(rig.code(OpCode.create, ephemeral("/d"))).toBe(ok);
  });

  it("are counted with those that are not applied yet", () => {
    const { rig } = strictRig(100);
    const codes = [long("a"), long("b"), "/c"].map((path) => {
      const { txn } = rig.propose(OpCode.create, ephemeral(path));
      return txn.type === OpCode.error ? txn.err : ok;
    });
    expect(codes).toEqual([ok, ok, quotaExceeded]);
  });
});

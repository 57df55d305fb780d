import { describe, expect, it } from "vitest";
import { DataTree } from "../../src/tree/index.ts";
import type { TreeListener } from "../../src/tree/index.ts";
import { ErrorCode, OpCode, WireError, containerOwner, openAcl } from "../../src/wire/index.ts";
import type { SnapshotNode, Txn, TxnHeader } from "../../src/wire/index.ts";
import { copyTree, describeTree } from "./support/leader-rig.ts";

function header(zxid: number, type: number, clientId = 0x77n): TxnHeader {
  return { clientId, cxid: 1, zxid: BigInt(zxid), timeMs: zxid * 1000, type };
}

function create(path: string, parentCVersion: number, data = ""): Txn {
  return {
    type: OpCode.create,
    path,
    data: Buffer.from(data),
    acl: openAcl,
    ephemeral: false,
    parentCVersion,
  };
}

function apply(tree: DataTree, zxid: number, txn: Txn, clientId?: bigint): unknown {
  return tree.apply(header(zxid, txn.type, clientId), txn);
}

/** A listener that notes events as short texts. */
function recorder(): { events: string[]; listener: TreeListener } {
  const events: string[] = [];
  const listener: TreeListener = {
    changed: (type, path, zxid) => events.push(`${type} ${path} ${zxid}`),
  };
  return { events, listener };
}

describe("DataTree", () => {
  it("starts with ZooKeeper's own nodes", () => {
    const tree = new DataTree();
    expect(tree.nodeCount).toBe(5);
    expect(tree.approximateDataBytes).toBe(44);
    expect([...tree.nodes()].map(({ path }) => path)).toEqual([
      "",
      "/zookeeper",
      "/zookeeper/quota",
      "/zookeeper/config",
    ]);
    const config = tree.getNode("/zookeeper/config");
    expect(config?.aversion).toBe(-1);
    expect(config === undefined ? [] : tree.aclOf(config)).toEqual([
      { perms: 1, id: { scheme: "world", id: "anyone" } },
    ]);
    expect(tree.getNode("")).toBe(tree.getNode("/"));
  });

  it("answers a creation with the path, and create2 with the stat too", () => {
    const tree = new DataTree();
    expect(apply(tree, 1, create("/a", 1, "hello"))).toEqual({ err: 0, path: "/a" });
    const result = tree.apply(header(2, OpCode.create2), {
      type: OpCode.create2,
      path: "/a/b",
      data: null,
      acl: null,
      ephemeral: true,
      parentCVersion: 1,
    });
    expect(result).toEqual({
      err: 0,
      path: "/a/b",
      stat: {
        czxid: 2n,
        mzxid: 2n,
        ctimeMs: 2000,
        mtimeMs: 2000,
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner: 0x77n,
        dataLength: 0,
        numChildren: 0,
        pzxid: 2n,
      },
    });
    expect(tree.lastProcessedZxid).toBe(2n);
    expect(tree.ephemeralsOf(0x77n)).toEqual(["/a/b"]);
    expect(tree.ephemeralCount).toBe(1);
  });

  it("shows clients a cversion that counts creations and deletions", () => {
    const tree = new DataTree();
    apply(tree, 1, create("/a", 1));
    apply(tree, 2, create("/a/b", 1));
    apply(tree, 3, create("/a/c", 2));
    apply(tree, 4, { type: OpCode.delete, path: "/a/b" });
    const result = tree.apply(header(5, OpCode.setData), {
      type: OpCode.setData,
      path: "/a",
      data: Buffer.from("xyz"),
      version: 1,
    });
    expect(result.stat).toMatchObject({
      cversion: 3,
      numChildren: 1,
      pzxid: 4n,
      mzxid: 5n,
      mtimeMs: 5000,
      version: 1,
      dataLength: 3,
    });
  });

  it("hides the owner of containers and TTL nodes, and lists them for the leader", () => {
    const tree = new DataTree();
    const container = tree.apply(header(1, OpCode.createContainer), {
      type: OpCode.createContainer,
      path: "/c",
      data: null,
      acl: openAcl,
      parentCVersion: 1,
    });
    const ttl = tree.apply(header(2, OpCode.createTTL), {
      type: OpCode.createTTL,
      path: "/t",
      data: null,
      acl: openAcl,
      parentCVersion: 2,
      ttlMs: 5000,
    });
    expect(container.stat?.ephemeralOwner).toBe(0n);
    expect(ttl.stat?.ephemeralOwner).toBe(0n);
    expect(tree.getNode("/c")?.ephemeralOwner).toBe(containerOwner);
    expect([...tree.reapablePaths]).toEqual(["/c", "/t"]);
    expect(tree.ephemeralCount).toBe(0);
    apply(tree, 3, { type: OpCode.deleteContainer, path: "/c" });
    expect([...tree.reapablePaths]).toEqual(["/t"]);
  });

  it("fires events of the node first, then of its parent", () => {
    const { events, listener } = recorder();
    const tree = new DataTree(listener);
    apply(tree, 1, create("/a", 1));
    apply(tree, 2, create("/a/b", 1));
    apply(tree, 3, { type: OpCode.setData, path: "/a", data: null, version: 1 });
    apply(tree, 4, { type: OpCode.setACL, path: "/a", acl: openAcl, version: 1 });
    apply(tree, 5, { type: OpCode.delete, path: "/a/b" });
    apply(tree, 6, { type: OpCode.delete, path: "/a/b" });
    expect(events).toEqual([
      "1 /a 1",
      "4 / 1",
      "1 /a/b 2",
      "4 /a 2",
      "3 /a 3",
      "2 /a/b 5",
      "4 /a 5",
    ]);
    tree.setListener(undefined);
    apply(tree, 7, create("/c", 2));
    expect(events).toHaveLength(7);
  });

  it("closes a session with the nodes listed and those it still owns", () => {
    const tree = new DataTree();
    const ephemeral = (path: string, parentCVersion: number): Txn => ({
      ...(create(path, parentCVersion) as Extract<Txn, { ephemeral: boolean }>),
      ephemeral: true,
    });
    apply(tree, 1, { type: OpCode.createSession, timeoutMs: 4000 }, 5n);
    apply(tree, 2, ephemeral("/a", 1), 5n);
    apply(tree, 3, ephemeral("/b", 2), 5n);
    apply(tree, 4, ephemeral("/other", 3), 6n);
    expect([...tree.globalSessions]).toEqual([[5n, 4000]]);
    apply(tree, 5, { type: OpCode.closeSession, paths: ["/a", "/gone"] }, 5n);
    expect(tree.getNode("/a")).toBeUndefined();
    expect(tree.getNode("/b")).toBeUndefined();
    expect(tree.getNode("/other")).toBeDefined();
    expect(tree.globalSessions.size).toBe(0);
    expect(tree.getNode("/")?.pzxid).toBe(5n);
    apply(tree, 6, { type: OpCode.closeSession, paths: null }, 6n);
    expect(tree.getNode("/other")).toBeUndefined();
  });

  it("reports every part of a multi, and applies nothing of a failed one", () => {
    const tree = new DataTree();
    const parts = [create("/a", 1), create("/b", 2)] as Extract<Txn, { ephemeral: boolean }>[];
    const failed = tree.apply(header(1, OpCode.multi), {
      type: OpCode.multi,
      txns: [parts[0]!, { type: OpCode.error, err: ErrorCode.badVersion }, parts[1]!],
    });
    expect(failed).toEqual({
      err: 0,
      results: [
        { type: OpCode.error, err: 0 },
        { type: OpCode.error, err: ErrorCode.badVersion },
        { type: OpCode.error, err: ErrorCode.runtimeInconsistency },
      ],
    });
    expect(tree.nodeCount).toBe(5);
    expect(tree.lastProcessedZxid).toBe(1n);
    const worked = tree.apply(header(2, OpCode.multi), {
      type: OpCode.multi,
      txns: [
        parts[0]!,
        { type: OpCode.check, path: "/a", version: 1 },
        { type: OpCode.setData, path: "/a", data: Buffer.from("x"), version: 1 },
        { ...parts[1]!, type: OpCode.create2 },
        { type: OpCode.delete, path: "/b" },
      ],
    });
    expect(worked.results).toMatchObject([
      { type: OpCode.create, path: "/a" },
      { type: OpCode.check },
      { type: OpCode.setData, stat: { version: 1, mzxid: 2n } },
      { type: OpCode.create2, path: "/b", stat: { czxid: 2n } },
      { type: OpCode.delete },
    ]);
  });

  it("passes on the code of an error transaction", () => {
    const tree = new DataTree();
    expect(apply(tree, 9, { type: OpCode.error, err: -101 })).toEqual({ err: -101 });
    expect(tree.lastProcessedZxid).toBe(9n);
  });

  it("keeps nothing of the buffers that it is given", () => {
    const tree = new DataTree();
    const small = Buffer.from("small");
    const large = Buffer.alloc(4000, "l");
    const txn = create("/s", 1) as Extract<Txn, { ephemeral: boolean }>;
    apply(tree, 1, { ...txn, data: small });
    apply(tree, 2, { ...txn, path: "/l", data: large, parentCVersion: 2 });
    small.fill(0);
    large.fill(0);
    expect(tree.getNode("/s")?.data?.toString()).toBe("small");
    expect(tree.getNode("/l")?.data?.equals(Buffer.alloc(4000, "l"))).toBe(true);
  });

  it("counts descendants at any depth", () => {
    const tree = new DataTree();
    apply(tree, 1, create("/a", 1));
    apply(tree, 2, create("/a/b", 1));
    apply(tree, 3, create("/a/b/c", 1));
    apply(tree, 4, create("/ab", 2));
    expect(tree.descendantCount("/a")).toBe(2);
    expect(tree.descendantCount("/")).toBe(tree.nodeCount - 2);
    expect(tree.descendantCount("/none")).toBe(0);
  });

  it("writes the configuration without a transaction or a trace in the digest", () => {
    const tree = new DataTree();
    tree.setConfig(Buffer.from("version=100000000"), { zxid: 0x1_0000_0000n, timeMs: 5 });
    const config = tree.getNode("/zookeeper/config");
    expect(config?.data?.toString()).toBe("version=100000000");
    expect([config?.version, config?.mzxid, config?.mtimeMs]).toEqual([-1, 0x1_0000_0000n, 5]);
    expect(tree.digest).toBe(0x51c6d660n);
    expect(tree.lastProcessedZxid).toBe(0n);
  });

  it("compares digests of its own version only", () => {
    const tree = new DataTree();
    expect(tree.matchesDigest(null)).toBe(true);
    expect(tree.matchesDigest({ version: 2, treeDigest: 0x51c6d660n })).toBe(true);
    expect(tree.matchesDigest({ version: 2, treeDigest: 1n })).toBe(false);
    expect(tree.matchesDigest({ version: 3, treeDigest: 1n })).toBe(true);
  });
});

describe("DataTree.apply() over a fuzzy snapshot", () => {
  it("does a transaction again without harm", () => {
    const txns = [
      create("/a", 1, "1"),
      create("/a/b", 1),
      { type: OpCode.setData, path: "/a", data: Buffer.from("2"), version: 1 },
      { type: OpCode.setACL, path: "/a", acl: null, version: 1 },
      create("/a/c", 2),
      { type: OpCode.delete, path: "/a/b" },
    ] satisfies Txn[];
    const once = new DataTree();
    const twice = new DataTree();
    for (const tree of [once, twice, twice]) {
      for (const [index, txn] of txns.entries()) apply(tree, index + 1, txn);
    }
    expect(describeTree(twice)).toEqual(describeTree(once));
  });

  it("says noNode and nodeExists as results", () => {
    const tree = new DataTree();
    apply(tree, 1, create("/a", 1));
    expect(apply(tree, 2, create("/a", 2))).toEqual({ err: ErrorCode.nodeExists, path: "/a" });
    expect(tree.getNode("/")?.cversion).toBe(2);
    expect(tree.getNode("/")?.pzxid).toBe(2n);
    const missing: Txn[] = [
      create("/x/y", 1),
      { type: OpCode.delete, path: "/x/y" },
      { type: OpCode.delete, path: "/x" },
      { type: OpCode.delete, path: "/" },
      { type: OpCode.setData, path: "/x", data: null, version: 1 },
      { type: OpCode.setACL, path: "/x", acl: null, version: 1 },
    ];
    for (const txn of missing) expect(apply(tree, 3, txn)).toMatchObject({ err: ErrorCode.noNode });
  });

  it("rebuilds a node of a later moment together with its children", () => {
    const tree = new DataTree();
    // As a snapshot shows it that visited /a after its second life had begun.
    apply(tree, 30, create("/a", 2));
    apply(tree, 40, create("/a/b", 1));
    apply(tree, 20, { type: OpCode.delete, path: "/a" });
    expect(tree.getNode("/a/b")).toBeUndefined();
    apply(tree, 30, create("/a", 2));
    apply(tree, 40, create("/a/b", 1));
    expect([...(tree.getNode("/a")?.childPaths ?? [])]).toEqual(["/a/b"]);
    expect(tree.nodeCount).toBe(7);
  });
});

describe("DataTree.nodes()", () => {
  it("shows of each node the children that it had when it was visited itself", () => {
    const tree = new DataTree();
    apply(tree, 1, create("/a", 1));
    apply(tree, 2, create("/a/b", 1));
    apply(tree, 3, create("/c", 2));
    const seen: string[] = [];
    for (const { path } of tree.nodes()) {
      seen.push(path);
      if (path !== "/a") continue;
      apply(tree, 4, create("/a/late", 2));
      apply(tree, 5, create("/late", 3));
      apply(tree, 6, create("/c/in-time", 1));
      apply(tree, 7, { type: OpCode.delete, path: "/a/b" });
    }
    expect(seen.filter((path) => !path.startsWith("/zookeeper"))).toEqual([
      "",
      "/a",
      "/c",
      "/c/in-time",
    ]);
  });
});

describe("DataTree.restore()", () => {
  const root: SnapshotNode = {
    path: "",
    data: null,
    aclIndex: -1,
    stat: {
      czxid: 0n,
      mzxid: 0n,
      pzxid: 0n,
      ctimeMs: 0,
      mtimeMs: 0,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: 0n,
    },
  };

  it("gives an equal tree", () => {
    const tree = new DataTree();
    apply(tree, 1, { type: OpCode.createSession, timeoutMs: 4000 }, 5n);
    apply(tree, 2, create("/a", 1, "data"), 5n);
    apply(tree, 3, {
      type: OpCode.setACL,
      path: "/a",
      acl: [{ perms: 1, id: { scheme: "digest", id: "u:h" } }],
      version: 1,
    });
    const copy = copyTree(tree);
    expect(describeTree(copy)).toEqual(describeTree(tree));
    expect(copy.lastProcessedZxid).toBe(3n);
  });

  it("refuses nodes that make no tree", () => {
    expect(() => DataTree.restore().finish(1n)).toThrow(WireError);
    const orphan = DataTree.restore();
    orphan.sink.node(root);
    expect(() => {
      orphan.sink.node({ ...root, path: "/a/b" });
    }).toThrow(/"\/a\/b" comes before its parent/);
    expect(() => {
      orphan.sink.node(root);
    }).toThrow(WireError);
  });

  it("adds the configuration node that old snapshots lack", () => {
    const restoring = DataTree.restore();
    restoring.sink.node(root);
    restoring.sink.node({ ...root, path: "/zookeeper" });
    const tree = restoring.finish(7n);
    expect(tree.getNode("/zookeeper/config")).toBeUndefined();
    tree.setConfig(Buffer.from("x"), { zxid: 1n, timeMs: 1 });
    expect(tree.getNode("/zookeeper/config")?.aversion).toBe(-1);
  });
});

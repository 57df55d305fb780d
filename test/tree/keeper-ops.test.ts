/** ClickHouse Keeper's operations: what they come to, and that any ZooKeeper can apply it. */
import { describe, expect, it } from "vitest";
import { ReadService, WatchTable, isReadOp, isWriteOp } from "../../src/tree/index.ts";
import { ErrorCode, JuteReader, JuteWriter, KeeperOpCode, OpCode } from "../../src/wire/index.ts";
import type { Acl, MultiTxn } from "../../src/wire/index.ts";
import { LeaderRig, createBody, deleteBody } from "./support/leader-rig.ts";

const { ok, noAuth, noNode, nodeExists, badArguments, badVersion, notEmpty } = ErrorCode;
const { removeRecursive, tryRemove, checkNotExists, createIfNotExists, checkStat } = KeeperOpCode;
const closed: Acl[] = [{ perms: 31, id: { scheme: "digest", id: "bob:h" } }];

const keeperRig = (windowMax = 0): LeaderRig => new LeaderRig({ clickHouse: true, windowMax });

function bytes(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter();
  write(writer);
  return writer.takeCopy();
}

function removal(path: string, nodesMax = 100): Buffer {
  return bytes((writer) => {
    writer.writeString(path);
    writer.writeInt(nodesMax);
  });
}

/** A check of the version, and of `numChildren` alone in the stat. */
function statCheck(path: string, numChildren: number): Buffer {
  const longs = Buffer.alloc(68, 0xff);
  longs.writeInt32BE(numChildren, 56);
  return Buffer.concat([deleteBody(path), longs]);
}

function multi(...ops: readonly (readonly [type: number, body: Buffer])[]): Buffer {
  const header = (type: number, isDone: boolean): Buffer =>
    bytes((writer) => {
      writer.writeInt(type);
      writer.writeBool(isDone);
      writer.writeInt(-1);
    });
  const parts = ops.flatMap(([type, body]) => [header(type, false), body]);
  return Buffer.concat([...parts, header(-1, true)]);
}

describe("Alone, outside of a multi,", () => {
  it("what finds nothing to do succeeds, and changes nothing", () => {
    const rig = keeperRig();
    rig.run(OpCode.create, createBody("/a"));
    const digest = rig.tree.digest;
    for (const [type, body] of [
      [createIfNotExists, createBody("/a", { data: "other" })],
      [tryRemove, deleteBody("/none")],
      [tryRemove, deleteBody("/none/below")],
      [tryRemove, deleteBody("/a", 7)],
      [removeRecursive, removal("/none")],
      [checkNotExists, deleteBody("/none")],
      [checkStat, statCheck("/a", 0)],
    ] as const) {
      const { prepared, result } = rig.run(type, body);
      expect(prepared.header.type).toBe(OpCode.multi);
      expect(result.err).toBe(ok);
      expect(result.results).toHaveLength(1);
    }
    expect(rig.tree.digest).toBe(digest);
  });

  it.each([
    ["a node that is there", checkNotExists, deleteBody("/a"), nodeExists],
    ["no node", checkStat, statCheck("/none", 0), noNode],
    ["another number of children", checkStat, statCheck("/a", 2), badVersion],
    ["no permission to look", checkNotExists, deleteBody("/closed"), noAuth],
    ["too many nodes", removeRecursive, removal("/a", 1), notEmpty],
    ["a node of somebody else's", removeRecursive, removal("/closed"), noAuth],
    ["the root", removeRecursive, removal("/"), badArguments],
    ["what ZooKeeper keeps for itself", removeRecursive, removal("/zookeeper"), badArguments],
    ["what the server says of itself", createIfNotExists, createBody("/keeper/x"), badArguments],
  ])("%s is an error of the request", (_, type, body, err) => {
    const rig = keeperRig();
    rig.run(OpCode.create, createBody("/a"));
    rig.run(OpCode.create, createBody("/a/b"));
    rig.run(OpCode.create, createBody("/closed", { acl: closed }), {
      authInfo: [{ scheme: "digest", id: "bob:h" }],
    });
    const { prepared, result } = rig.run(type, body);
    expect(prepared.header.type).toBe(OpCode.error);
    expect(result.err).toBe(err);
  });

  it("a recursive removal takes nodes that are not applied yet, children first", () => {
    const rig = keeperRig(10);
    for (const path of ["/a", "/a/b", "/a/b/c", "/a/d", "/ab"]) {
      rig.propose(OpCode.create, createBody(path));
    }
    rig.propose(OpCode.delete, deleteBody("/a/d"));
    const { txns } = rig.propose(removeRecursive, removal("/a", 3)).txn as MultiTxn;
    const deleted = txns.flatMap((txn) => (txn.type === OpCode.delete ? [txn.path] : []));
    expect(deleted).toEqual(["/a/b/c", "/a/b", "/a"]);
    rig.applyAll();
    expect(rig.tree.getNode("/a")).toBeUndefined();
    expect(rig.tree.getNode("/ab")).toBeDefined();
    expect(rig.mismatches).toEqual([]);
  });
});

describe("In a multi", () => {
  it("each operation has one result", () => {
    const rig = keeperRig();
    for (const path of ["/a", "/a/b", "/c"]) rig.run(OpCode.create, createBody(path));
    const body = multi(
      [removeRecursive, removal("/a")],
      [createIfNotExists, createBody("/c")],
      [createIfNotExists, createBody("/d")],
      [tryRemove, deleteBody("/none")],
      [checkNotExists, deleteBody("/a")],
      [OpCode.delete, deleteBody("/c")],
    );
    const { results } = rig.run(OpCode.multi, body).result;
    expect(results).toEqual([
      { type: OpCode.check },
      { type: OpCode.create, path: "/c" },
      { type: OpCode.create, path: "/d" },
      { type: OpCode.check },
      { type: OpCode.check },
      { type: OpCode.delete },
    ]);
    expect(rig.tree.getNode("/a")).toBeUndefined();
    expect(rig.mismatches).toEqual([]);
  });

  it("a failure counts operations, and takes everything back", () => {
    const rig = keeperRig();
    for (const path of ["/a", "/a/b"]) rig.run(OpCode.create, createBody(path));
    const failing = multi([removeRecursive, removal("/a/b")], [checkNotExists, deleteBody("/a")]);
    expect(rig.run(OpCode.multi, failing).result.results).toEqual([
      { type: OpCode.error, err: ok },
      { type: OpCode.error, err: nodeExists },
    ]);
    expect(rig.tree.getNode("/a/b")).toBeDefined();
  });

  it("they are refused unless they are switched on", () => {
    const rig = new LeaderRig();
    expect(rig.code(tryRemove, deleteBody("/a"))).toBe(ErrorCode.unimplemented);
    const body = multi([tryRemove, deleteBody("/a")]);
    expect(rig.code(OpCode.multi, body)).toBe(ErrorCode.marshallingError);
    expect([isWriteOp(tryRemove), isReadOp(KeeperOpCode.filteredList)]).toEqual([false, false]);
  });
});

describe("Reads", () => {
  function serve(rig: LeaderRig, type: number, body: Buffer): { err: number; body: JuteReader } {
    const options = { skipAcl: false, clickHouse: true };
    const reads = new ReadService(rig.tree, new WatchTable(), options);
    const writer = new JuteWriter();
    const watcher = { process: () => undefined };
    const context = { sessionId: 1n, authInfo: [], watcher };
    const err = reads.serve(type, new JuteReader(body), writer, context);
    return { err, body: new JuteReader(writer.takeCopy()) };
  }
  const names = (reader: JuteReader): string[] =>
    reader.readVector((each) => each.readString() ?? "", 4) ?? [];
  const list = (path: string, ...flags: number[]): Buffer =>
    Buffer.concat([
      bytes((writer) => {
        writer.writeString(path);
      }),
      Buffer.from(flags),
    ]);

  function rigWithChildren(): LeaderRig {
    const rig = keeperRig();
    rig.run(OpCode.create, createBody("/p"));
    rig.run(OpCode.create, createBody("/p/lasting", { data: "1" }));
    rig.run(OpCode.create, createBody("/p/passing", { data: "22", flags: 1 }));
    rig.run(OpCode.create, createBody("/p/lasting/deep"));
    return rig;
  }

  it.each([
    [0, ["lasting", "passing"]],
    [1, ["lasting"]],
    [2, ["passing"]],
  ])("list children of type %i", (listType, expected) => {
    const { err, body } = serve(
      rigWithChildren(),
      KeeperOpCode.filteredList,
      list("/p", 0, listType),
    );
    expect(err).toBe(ok);
    expect(names(body)).toEqual(expected);
    expect(body.remaining).toBe(68);
  });

  it("list children with their stats and data", () => {
    const type = KeeperOpCode.filteredListWithStatsAndData;
    const { body } = serve(rigWithChildren(), type, list("/p", 0, 1, 1, 1));
    expect(names(body)).toEqual(["lasting"]);
    const rest = body.readRest();
    expect(rest.length).toBe(68 + 4 + 68 + 4 + 5);
    expect(rest.subarray(-5).toString()).toBe("\0\0\0\u00011");
  });

  it("tell nothing of children that the client may not read", () => {
    const rig = rigWithChildren();
    rig.run(OpCode.create, createBody("/p/closed", { acl: closed }), {
      authInfo: [{ scheme: "digest", id: "bob:h" }],
    });
    expect(serve(rig, KeeperOpCode.filteredList, list("/p", 0, 0)).err).toBe(ok);
    expect(serve(rig, KeeperOpCode.filteredList, list("/p", 0, 1)).err).toBe(noAuth);
    const { body } = serve(rig, KeeperOpCode.listRecursive, list("/p", 0, 0, 0, 9));
    expect(names(body)).toEqual(["/p/lasting", "/p/passing", "/p/lasting/deep"]);
  });

  it("list what is below a node, no more than is wanted", () => {
    const { body } = serve(rigWithChildren(), KeeperOpCode.listRecursive, list("/p", 0, 0, 0, 2));
    expect(names(body)).toEqual(["/p/lasting", "/p/passing"]);
    expect(serve(keeperRig(), KeeperOpCode.listRecursive, list("/no", 0, 0, 0, 2)).err).toBe(
      noNode,
    );
  });

  it("show what the server can do", () => {
    const flags = serve(keeperRig(), OpCode.getData, list("/keeper/feature_flags", 0));
    expect(flags.body.readBuffer()).toEqual(Buffer.from([0b1111_1011, 0b1110_0000]));
    const version = serve(keeperRig(), OpCode.getData, list("/keeper/api_version", 0));
    expect(version.body.readBuffer()?.toString()).toBe("2");
    const children = serve(keeperRig(), OpCode.getChildren, list("/keeper", 0));
    expect(names(children.body)).toEqual(["api_version", "feature_flags"]);
    expect(serve(keeperRig(), KeeperOpCode.filteredList, list("/no", 0, 0)).err).toBe(noNode);
  });
});

import { describe, expect, it } from "vitest";
import { ErrorCode, OpCode, openAcl } from "../../src/wire/index.ts";
import type { Acl, Id, MultiOp, Txn } from "../../src/wire/index.ts";
import {
  LeaderRig,
  createBody,
  createOp,
  deleteBody,
  multiBody,
  noBody,
  pathBody,
  sessionBody,
  setAclBody,
  setDataBody,
} from "./support/leader-rig.ts";
import type { RigOptions } from "./support/leader-rig.ts";

const alice: Id = { scheme: "digest", id: "alice:h" };
const aliceOnly: Acl[] = [{ perms: 31, id: alice }];
const readOnly: Acl[] = [{ perms: 1, id: { scheme: "world", id: "anyone" } }];
const asAlice = { authInfo: [alice] };

/**
 * /a (with /a/child), /e ephemeral, /closed for alice only with /closed/in, /ro readable by all.
 */
function rigWithNodes(options: RigOptions = {}): LeaderRig {
  const rig = new LeaderRig(options);
  rig.run(OpCode.create, createBody("/a"));
  rig.run(OpCode.create, createBody("/a/child"));
  rig.run(OpCode.create, createBody("/e", { flags: 1 }));
  rig.run(OpCode.create, createBody("/closed", { acl: aliceOnly }), asAlice);
  rig.run(OpCode.create, createBody("/closed/in", { acl: aliceOnly }), asAlice);
  rig.run(OpCode.create, createBody("/ro", { acl: readOnly }));
  return rig;
}

describe("prepare() refuses", () => {
  const { badArguments, invalidAcl, noNode, noAuth, nodeExists, notEmpty } = ErrorCode;
  const { badVersion, noChildrenForEphemerals, unimplemented, marshallingError } = ErrorCode;

  it.each<[string, number, Buffer, number]>([
    ["create with unknown flags", OpCode.create, createBody("bad", { flags: 7 }), badArguments],
    ["create with negative flags", OpCode.create, createBody("/x", { flags: -1 }), badArguments],
    [
      "TTL while it is off",
      OpCode.createTTL,
      createBody("/x", { flags: 5, ttlMs: 1 }),
      unimplemented,
    ],
    ["create with TTL flags", OpCode.create, createBody("/x", { flags: 5 }), unimplemented],
    ["a TTL without flags", OpCode.createTTL, createBody("/x", { ttlMs: 9 }), badArguments],
    ["create without a slash, bad ACL", OpCode.create, createBody("x", { acl: [] }), badArguments],
    ["create with NUL", OpCode.create, createBody("/x\0", { acl: [] }), badArguments],
    [
      "create, bad ACL before no parent",
      OpCode.create,
      createBody("/n/x", { acl: [] }),
      invalidAcl,
    ],
    ["create, null ACL", OpCode.create, createBody("/x", { acl: null }), invalidAcl],
    ["create without parent", OpCode.create, createBody("/none/x"), noNode],
    ["create, no parent before bad path", OpCode.create, createBody("/none/"), noNode],
    ["create without permission", OpCode.create, createBody("/closed/x"), noAuth],
    ["create, permission before bad path", OpCode.create, createBody("/ro/.."), noAuth],
    ["create with a bad name", OpCode.create, createBody("/a/.."), badArguments],
    ["create with a trailing slash", OpCode.create, createBody("/a/"), badArguments],
    ["create, permission before exists", OpCode.create, createBody("/closed/in"), noAuth],
    ["create of what exists", OpCode.create, createBody("/a/child"), nodeExists],
    ["create of the root", OpCode.create, createBody("/"), nodeExists],
    ["create below an ephemeral", OpCode.create, createBody("/e/x"), noChildrenForEphemerals],
    [
      "create container below it",
      OpCode.createContainer,
      createBody("/e/x"),
      noChildrenForEphemerals,
    ],
    ["delete without a slash", OpCode.delete, deleteBody("a"), badArguments],
    ["delete of the empty path", OpCode.delete, deleteBody(""), badArguments],
    ["delete of the root", OpCode.delete, deleteBody("/"), badArguments],
    ["delete of /zookeeper", OpCode.delete, deleteBody("/zookeeper"), badArguments],
    ["delete of the quota node", OpCode.delete, deleteBody("/zookeeper/quota"), badArguments],
    ["delete of the config node", OpCode.delete, deleteBody("/zookeeper/config"), badArguments],
    ["delete without parent", OpCode.delete, deleteBody("/none/x"), noNode],
    ["delete, permission before no node", OpCode.delete, deleteBody("/closed/none"), noAuth],
    ["delete of nothing", OpCode.delete, deleteBody("/none"), noNode],
    ["delete, version before children", OpCode.delete, deleteBody("/a", 7), badVersion],
    ["delete with children", OpCode.delete, deleteBody("/a", 0), notEmpty],
    ["setData on a bad path", OpCode.setData, setDataBody("/a/", "x"), badArguments],
    ["setData on nothing", OpCode.setData, setDataBody("/none", "x"), noNode],
    ["setData, permission before version", OpCode.setData, setDataBody("/ro", "x", 9), noAuth],
    ["setData on the config node", OpCode.setData, setDataBody("/zookeeper/config", "x"), noAuth],
    ["setData with a wrong version", OpCode.setData, setDataBody("/a", "x", 1), badVersion],
    ["setACL on a bad path", OpCode.setACL, setAclBody("a", []), badArguments],
    ["setACL, ACL before no node", OpCode.setACL, setAclBody("/none", []), invalidAcl],
    ["setACL on nothing", OpCode.setACL, setAclBody("/none", openAcl), noNode],
    ["setACL without permission", OpCode.setACL, setAclBody("/ro", openAcl, 9), noAuth],
    ["setACL with a wrong version", OpCode.setACL, setAclBody("/a", openAcl, 1), badVersion],
    ["deleteContainer of a plain node", OpCode.deleteContainer, pathBody("/ro"), badVersion],
    ["deleteContainer with children", OpCode.deleteContainer, pathBody("/a"), notEmpty],
    ["deleteContainer of nothing", OpCode.deleteContainer, pathBody("/none"), noNode],
    ["deleteContainer of the root", OpCode.deleteContainer, pathBody("/"), badArguments],
    ["check outside of a multi", OpCode.check, deleteBody("/a"), unimplemented],
    ["an unknown operation", 999, noBody, unimplemented],
    ["a body that ends early", OpCode.setData, pathBody("/a"), marshallingError],
    ["an empty body", OpCode.create, noBody, marshallingError],
    [
      "a multi that holds a read",
      OpCode.multi,
      Buffer.from("0000000400ffffffff", "hex"),
      marshallingError,
    ],
  ])("%s", (_, type, body, code) => {
    const rig = rigWithNodes();
    const digest = rig.tree.digest;
    const { prepared, result } = rig.run(type, body);
    expect(prepared.header).toMatchObject({ type: OpCode.error, zxid: rig.zxid });
    expect(prepared.txn).toEqual({ type: OpCode.error, err: code });
    expect(prepared.digest).toBeNull();
    expect(result).toEqual({ err: code });
    expect(rig.preparer.pendingCount).toBe(0);
    expect(rig.tree.digest).toBe(digest);
  });
});

describe("prepare()", () => {
  it("writes transactions down as ZooKeeper does", () => {
    const rig = new LeaderRig({ extendedTypesEnabled: true });
    const txns = (
      [
        [OpCode.createSession, sessionBody(10_000)],
        [OpCode.create, createBody("/a", { data: "x" })],
        [OpCode.create2, createBody("/a/e", { flags: 1, data: null })],
        [OpCode.createContainer, createBody("/c", { flags: 4 })],
        [OpCode.createTTL, createBody("/t", { flags: 5, ttlMs: 1000 })],
        [OpCode.setData, setDataBody("/a", "y", 0)],
        [OpCode.delete, deleteBody("/a/e")],
        [OpCode.setACL, setAclBody("/a", readOnly, 0)],
        [OpCode.deleteContainer, pathBody("/c")],
        [OpCode.closeSession, noBody],
      ] as const
    ).map(([type, body]) => rig.run(type, body).prepared.txn);
    expect(txns).toMatchObject([
      { timeoutMs: 10_000 },
      { path: "/a", data: Buffer.from("x"), acl: openAcl, ephemeral: false, parentCVersion: 1 },
      { path: "/a/e", data: null, ephemeral: true, parentCVersion: 1 },
      { path: "/c", parentCVersion: 2 },
      { path: "/t", parentCVersion: 3, ttlMs: 1000 },
      { path: "/a", data: Buffer.from("y"), version: 1 },
      { path: "/a/e" },
      { path: "/a", acl: readOnly, version: 1 },
      { path: "/c" },
      { paths: [] },
    ] satisfies Partial<Txn>[]);
    expect(rig.mismatches).toEqual([]);
  });

  it("checks times to live when TTL nodes are on", () => {
    const rig = new LeaderRig({ extendedTypesEnabled: true });
    const code = (type: number, flags: number, ttlMs?: number): number =>
      rig.code(type, createBody("/t-", { flags, ...(ttlMs === undefined ? {} : { ttlMs }) }));
    expect(code(OpCode.createTTL, 6, 1)).toBe(0);
    expect(code(OpCode.createTTL, 6, 2 ** 40 - 1)).toBe(0);
    expect(code(OpCode.createTTL, 6, 0)).toBe(ErrorCode.badArguments);
    expect(code(OpCode.createTTL, 6, 2 ** 40)).toBe(ErrorCode.badArguments);
    expect(code(OpCode.createTTL, 0, -1)).toBe(ErrorCode.badArguments);
    expect(code(OpCode.create, 5)).toBe(ErrorCode.badArguments);
  });

  it("numbers sequential nodes by the parent's creations, also of the future", () => {
    const rig = new LeaderRig({ windowMax: 10 });
    const body = createBody("/n-", { flags: 2 });
    const paths = [1, 2, 3].map(() => rig.propose(OpCode.create, body).txn);
    expect(paths).toMatchObject([
      { path: "/n-0000000000" },
      { path: "/n-0000000001" },
      { path: "/n-0000000002" },
    ]);
    rig.propose(OpCode.delete, deleteBody("/n-0000000000"));
    expect(rig.propose(OpCode.create, createBody("/", { flags: 3 })).txn).toMatchObject({
      path: "/0000000003",
      ephemeral: true,
    });
  });

  it("numbers on after the counter has turned negative", () => {
    const rig = new LeaderRig();
    rig.run(OpCode.create, createBody("/a"));
    const node = rig.tree.getNode("/a");
    if (node !== undefined) node.cversion = -5;
    expect(rig.propose(OpCode.create, createBody("/a/n", { flags: 2 })).txn).toMatchObject({
      path: "/a/n-000000005",
    });
  });

  it("sees what is proposed and not applied yet", () => {
    const rig = new LeaderRig({ windowMax: 100 });
    const steps: [type: number, body: Buffer, code: number][] = [
      [OpCode.create, createBody("/a"), 0],
      [OpCode.create, createBody("/a"), ErrorCode.nodeExists],
      [OpCode.create, createBody("/a/b"), 0],
      [OpCode.delete, deleteBody("/a"), ErrorCode.notEmpty],
      [OpCode.setData, setDataBody("/a", "1", 0), 0],
      [OpCode.setData, setDataBody("/a", "2", 0), ErrorCode.badVersion],
      [OpCode.setACL, setAclBody("/a", readOnly, 0), 0],
      [OpCode.setData, setDataBody("/a", "3", 1), ErrorCode.noAuth],
      [OpCode.create, createBody("/a/c"), ErrorCode.noAuth],
      [OpCode.create, createBody("/e", { flags: 1 }), 0],
      [OpCode.create, createBody("/e/x"), ErrorCode.noChildrenForEphemerals],
      [OpCode.delete, deleteBody("/e"), 0],
      [OpCode.delete, deleteBody("/e"), ErrorCode.noNode],
      [OpCode.create, createBody("/e"), 0],
      [OpCode.create, createBody("/e/x"), 0],
    ];
    for (const [type, body, code] of steps) {
      const { txn } = rig.propose(type, body);
      expect(txn.type === OpCode.error ? txn.err : 0).toBe(code);
    }
    rig.applyAll();
    expect(rig.mismatches).toEqual([]);
    expect(rig.preparer.pendingCount).toBe(0);
  });

  it("keeps thousands of changes apart while they are applied one by one", () => {
    const rig = new LeaderRig({ windowMax: 2000 });
    for (let at = 0; at < 500; at++) rig.propose(OpCode.create, createBody(`/n${at}`));
    for (let round = 0; round < 5000; round++) {
      const { txn } = rig.propose(OpCode.setData, setDataBody(`/n${round % 500}`, `${round}`));
      expect(txn).toMatchObject({ version: Math.floor(round / 500) + 1 });
    }
    rig.applyAll();
    expect(rig.mismatches).toEqual([]);
    expect(rig.preparer.pendingCount).toBe(0);
  });

  it("closes a session with its nodes of the future", () => {
    const rig = new LeaderRig({ windowMax: 100 });
    const mine = { sessionId: 5n };
    rig.run(OpCode.create, createBody("/old", { flags: 1 }), mine);
    rig.run(OpCode.create, createBody("/lost", { flags: 1 }), mine);
    rig.run(OpCode.create, createBody("/taken", { flags: 1 }), mine);
    rig.propose(OpCode.delete, deleteBody("/lost"));
    rig.propose(OpCode.delete, deleteBody("/taken"));
    rig.propose(OpCode.create, createBody("/taken", { flags: 1 }), { sessionId: 6n });
    rig.propose(OpCode.create, createBody("/new", { flags: 1 }), mine);
    rig.propose(OpCode.setData, setDataBody("/new", "x"));
    const { txn } = rig.propose(OpCode.closeSession, noBody, mine);
    expect(txn).toMatchObject({ paths: ["/old", "/new"] });
    rig.applyAll();
    expect(rig.mismatches).toEqual([]);
    expect([...(rig.tree.getNode("/")?.childPaths ?? [])]).toEqual(["/zookeeper", "/taken"]);
  });

  it("lets skipAcl and super pass every check of permissions", () => {
    const everything: [type: number, body: Buffer][] = [
      [OpCode.create, createBody("/closed/x")],
      [OpCode.setData, setDataBody("/closed", "x")],
      [OpCode.delete, deleteBody("/closed/in")],
      [OpCode.setACL, setAclBody("/closed", openAcl)],
    ];
    const skipping = rigWithNodes({ skipAcl: true });
    const strict = rigWithNodes();
    const asSuper = { authInfo: [{ scheme: "super", id: "" }] };
    for (const [type, body] of everything) {
      expect(strict.code(type, body)).not.toBe(0);
      expect(strict.code(type, body, asSuper)).toBe(0);
      expect(skipping.code(type, body)).toBe(0);
    }
  });

  it("stores the identities that auth stands for", () => {
    const rig = new LeaderRig();
    const acl: Acl[] = [{ perms: 3, id: { scheme: "auth", id: "" } }];
    const { txn } = rig.propose(OpCode.create, createBody("/a", { acl }), asAlice);
    expect(txn).toMatchObject({ acl: [{ perms: 3, id: alice }] });
  });

  it("makes an error of what its caller refuses", () => {
    const rig = new LeaderRig();
    const request = {
      sessionId: 5n,
      cxid: 3,
      type: OpCode.delete,
      body: noBody,
      authInfo: [],
      zxid: 9n,
      timeMs: 1,
    };
    expect(rig.preparer.refuse(request, ErrorCode.sessionMoved)).toEqual({
      header: { clientId: 5n, cxid: 3, zxid: 9n, timeMs: 1, type: OpCode.error },
      txn: { type: OpCode.error, err: ErrorCode.sessionMoved },
      digest: null,
    });
  });
});

describe("prepare() of a multi", () => {
  const check = (path: string, version: number): MultiOp => ({
    type: OpCode.check,
    request: { path, version },
  });
  const remove = (path: string): MultiOp => ({
    type: OpCode.delete,
    request: { path, version: -1 },
  });

  it("lets later operations see earlier ones", () => {
    const rig = new LeaderRig();
    const { prepared } = rig.run(
      OpCode.multi,
      multiBody([
        createOp("/a"),
        createOp("/a/n", "", 2),
        createOp("/a/n", "", 2),
        check("/a", 0),
        { type: OpCode.setData, request: { path: "/a", data: null, version: 0 } },
        check("/a", 1),
        remove("/a/n0000000000"),
        remove("/a/n0000000001"),
        remove("/a"),
      ]),
    );
    const types =
      prepared.txn.type === OpCode.multi ? prepared.txn.txns.map(({ type }) => type) : [];
    expect(types).toEqual([1, 1, 1, 13, 5, 13, 2, 2, 2]);
    expect(rig.mismatches).toEqual([]);
    expect(rig.tree.nodeCount).toBe(5);
  });

  it.each<[string, MultiOp, number]>([
    ["a version that differs", check("/a", 5), ErrorCode.badVersion],
    ["a missing node", check("/none", -1), ErrorCode.noNode],
    ["a bad path", check("/a/", -1), ErrorCode.badArguments],
    ["a node that may not be read", check("/secret", -1), ErrorCode.noAuth],
  ])("fails as a whole on %s", (_, op, code) => {
    const rig = new LeaderRig({ windowMax: 10 });
    rig.propose(OpCode.create, createBody("/a"));
    rig.propose(OpCode.create, createBody("/secret", { acl: aliceOnly }), asAlice);
    const before = rig.preparer.pendingCount;
    const { txn, header, digest } = rig.propose(
      OpCode.multi,
      multiBody([createOp("/m"), createOp("/a/x"), op, remove("/a")]),
    );
    expect(header.type).toBe(OpCode.multi);
    expect(txn).toEqual({
      type: OpCode.multi,
      txns: [0, 0, code, ErrorCode.runtimeInconsistency].map((err) => ({ type: -1, err })),
    });
    expect(rig.preparer.pendingCount).toBe(before);
    expect(rig.propose(OpCode.create, createBody("/m")).txn.type).toBe(OpCode.create);
    expect(rig.propose(OpCode.create, createBody("/a/s", { flags: 2 })).txn).toMatchObject({
      path: "/a/s0000000000",
    });
    rig.applyAll();
    expect(rig.mismatches).toEqual([]);
    expect(digest).not.toBeNull();
  });

  it("takes the kind of a creation from its flags", () => {
    const rig = new LeaderRig({ extendedTypesEnabled: true });
    const create = (
      type: 1 | 15 | 19 | 21,
      path: string,
      flags: number,
      ttlMs?: number,
    ): MultiOp => ({
      type,
      request: { path, data: null, acl: openAcl, flags, ttlMs },
    });
    const { prepared, result } = rig.run(
      OpCode.multi,
      multiBody([
        create(1, "/a", 4),
        create(19, "/b", 0),
        create(21, "/c", 5, 1000),
        create(21, "/d", 0, -1),
        create(15, "/e", 1),
      ]),
    );
    const types =
      prepared.txn.type === OpCode.multi ? prepared.txn.txns.map(({ type }) => type) : [];
    expect(types).toEqual([19, 19, 21, 1, 15]);
    expect(result.results?.map(({ type }) => type)).toEqual([15, 15, 15, 1, 15]);
    expect(rig.mismatches).toEqual([]);
  });

  it.each([5, 7, -1])("fails as undecodable on a creation with flags %d", (flags) => {
    const rig = new LeaderRig({ extendedTypesEnabled: true });
    const { txn } = rig.propose(
      OpCode.multi,
      multiBody([createOp("/a"), createOp("/b", "", flags)]),
    );
    expect(txn).toEqual({ type: OpCode.error, err: ErrorCode.marshallingError });
    expect(rig.preparer.pendingCount).toBe(0);
  });

  it("may be empty", () => {
    const rig = new LeaderRig();
    const { prepared, result } = rig.run(OpCode.multi, multiBody([]));
    expect(prepared.txn).toEqual({ type: OpCode.multi, txns: [] });
    expect(result).toEqual({ err: 0, results: [] });
  });
});

import { describe, expect, it } from "vitest";
import { ReadService, WatchTable, isReadOp, isWriteOp } from "../../src/tree/index.ts";
import type { Watcher } from "../../src/tree/index.ts";
import {
  ErrorCode,
  JuteReader,
  JuteWriter,
  OpCode,
  WireError,
  openAcl,
  readAcl,
  readStat,
  writeReadRequest,
} from "../../src/wire/index.ts";
import type { Acl, Id, SetWatches } from "../../src/wire/index.ts";
import {
  LeaderRig,
  createBody,
  deleteBody,
  pathBody,
  setAclBody,
  setDataBody,
} from "./support/leader-rig.ts";

const alice: Id = { scheme: "digest", id: "alice:secret" };
const aliceOnly: Acl[] = [{ perms: 31, id: alice }];

class Recorder implements Watcher {
  readonly events: string[] = [];

  process(type: number, path: string, zxid: bigint): void {
    this.events.push(`${type} ${path} ${zxid}`);
  }
}

interface Reply {
  readonly err: number;
  readonly body: JuteReader;
}

class ReadRig extends LeaderRig {
  readonly watches = new WatchTable();
  readonly watcher = new Recorder();
  readonly reads: ReadService;

  constructor(skipAcl = false) {
    super();
    this.reads = new ReadService(this.tree, this.watches, { skipAcl });
    this.tree.setListener({
      changed: (type, path, zxid, acl) => {
        this.watches.trigger(type, path, zxid, acl);
      },
    });
  }

  read(type: number, body: Buffer, authInfo: readonly Id[] = []): Reply {
    const writer = new JuteWriter();
    writer.writeString("before");
    const context = { sessionId: 0x77n, authInfo, watcher: this.watcher };
    const err = this.reads.serve(type, new JuteReader(body), writer, context);
    const reader = new JuteReader(writer.takeCopy());
    expect(reader.readString()).toBe("before");
    if (err !== 0) expect(reader.remaining).toBe(0);
    return { err, body: reader };
  }

  setWatches(watches: Partial<SetWatches>): void {
    const all = {
      relativeZxid: 0n,
      dataWatches: [],
      existWatches: [],
      childWatches: [],
      persistentWatches: [],
      persistentRecursiveWatches: [],
      ...watches,
    };
    this.reads.setWatches(all, { sessionId: 1n, authInfo: [], watcher: this.watcher });
  }
}

function readBody(path: string, watch = false): Buffer {
  const writer = new JuteWriter();
  writeReadRequest(writer, { path, watch });
  return writer.takeCopy();
}

function strings(reader: JuteReader): (string | null)[] | null {
  return reader.readVector((from) => from.readString(), 4);
}

function rigWithNodes(): ReadRig {
  const rig = new ReadRig();
  rig.run(OpCode.create, createBody("/a", { data: "value" }));
  rig.run(OpCode.create, createBody("/a/b", { data: null }));
  rig.run(OpCode.create, createBody("/a/c", { flags: 1 }));
  rig.run(OpCode.create, createBody("/closed", { acl: aliceOnly }), { authInfo: [alice] });
  return rig;
}

describe("ReadService.serve()", () => {
  it("getData gives data and stat", () => {
    const { err, body } = rigWithNodes().read(OpCode.getData, readBody("/a"));
    expect(err).toBe(0);
    expect(body.readBuffer()?.toString()).toBe("value");
    expect(readStat(body)).toMatchObject({ dataLength: 5, numChildren: 2, cversion: 2 });
    expect(body.remaining).toBe(0);
  });

  it("getData gives null data as null and large data whole", () => {
    const rig = rigWithNodes();
    expect(rig.read(OpCode.getData, readBody("/a/b")).body.readBuffer()).toBeNull();
    rig.run(OpCode.setData, setDataBody("/a/b", "x".repeat(5000)));
    expect(rig.read(OpCode.getData, readBody("/a/b")).body.readBuffer()).toHaveLength(5000);
  });

  it("exists gives the stat, with the owner of an ephemeral", () => {
    const { err, body } = rigWithNodes().read(OpCode.exists, readBody("/a/c"));
    expect(err).toBe(0);
    expect(readStat(body).ephemeralOwner).toBe(0x77n);
  });

  it("getChildren and getChildren2 give the names, and the stat", () => {
    const rig = rigWithNodes();
    const plain = rig.read(OpCode.getChildren, readBody("/a")).body;
    expect(strings(plain)).toEqual(["b", "c"]);
    expect(plain.remaining).toBe(0);
    const withStat = rig.read(OpCode.getChildren2, readBody("/a")).body;
    expect(strings(withStat)).toEqual(["b", "c"]);
    expect(readStat(withStat).numChildren).toBe(2);
    expect(strings(rig.read(OpCode.getChildren, readBody("/a/b")).body)).toEqual([]);
  });

  it.each([
    OpCode.exists,
    OpCode.getData,
    OpCode.getChildren,
    OpCode.getChildren2,
    OpCode.getACL,
    OpCode.getAllChildrenNumber,
  ])("operation %d says noNode, and noAuth without READ", (type) => {
    const rig = rigWithNodes();
    expect(rig.read(type, readBody("/none")).err).toBe(ErrorCode.noNode);
    expect(rig.read(type, readBody("/closed")).err).toBe(ErrorCode.noAuth);
    expect(rig.read(type, readBody("/closed"), [alice]).err).toBe(0);
    expect(rig.read(type, readBody("/closed"), [{ scheme: "super", id: "" }]).err).toBe(0);
    const skipping = new ReadRig(true);
    skipping.run(OpCode.create, createBody("/closed", { acl: aliceOnly }));
    expect(skipping.read(type, readBody("/closed")).err).toBe(0);
  });

  it("exists refuses a path with NUL", () => {
    expect(rigWithNodes().read(OpCode.exists, readBody("/a\0")).err).toBe(ErrorCode.badArguments);
  });

  it("getACL hides hashes from those who cannot change the ACL", () => {
    const rig = rigWithNodes();
    const acl: Acl[] = [
      { perms: 31, id: alice },
      { perms: 1, id: { scheme: "world", id: "anyone" } },
    ];
    rig.run(OpCode.setACL, setAclBody("/a", acl));
    const hidden = rig.read(OpCode.getACL, pathBody("/a")).body;
    expect(readAcl(hidden)?.[0]?.id).toEqual({ scheme: "digest", id: "alice:x" });
    expect(readStat(hidden).aversion).toBe(1);
    expect(readAcl(rig.read(OpCode.getACL, pathBody("/a"), [alice]).body)).toEqual(acl);
    expect(readAcl(rig.read(OpCode.getACL, pathBody("/a/b")).body)).toEqual(openAcl);
  });

  it("getEphemerals gives the session's own nodes below a prefix", () => {
    const rig = rigWithNodes();
    rig.run(OpCode.create, createBody("/other", { flags: 1 }), { sessionId: 9n });
    rig.run(OpCode.create, createBody("/mine", { flags: 1 }));
    expect(strings(rig.read(OpCode.getEphemerals, pathBody("/")).body)).toEqual(["/a/c", "/mine"]);
    expect(strings(rig.read(OpCode.getEphemerals, pathBody(" ")).body)).toEqual(["/a/c", "/mine"]);
    expect(strings(rig.read(OpCode.getEphemerals, pathBody("/a")).body)).toEqual(["/a/c"]);
  });

  it("getAllChildrenNumber counts the subtree", () => {
    expect(rigWithNodes().read(OpCode.getAllChildrenNumber, pathBody("/a")).body.readInt()).toBe(2);
  });

  it("whoAmI names the user and not the hash", () => {
    const ip = { scheme: "ip", id: "127.0.0.1" };
    const { body } = rigWithNodes().read(OpCode.whoAmI, Buffer.alloc(0), [ip, alice]);
    expect(body.readInt()).toBe(2);
    const names = [1, 2, 3, 4].map(() => body.readString());
    expect(names).toEqual(["ip", "127.0.0.1", "digest", "alice"]);
  });

  it("multiRead answers each read by itself", () => {
    const request = new JuteWriter();
    for (const [type, path] of [
      [OpCode.getData, "/a"],
      [OpCode.getData, "/none"],
      [OpCode.getChildren, "/a"],
    ] as const) {
      request.writeRaw(Buffer.from([0, 0, 0, type, 0, 0xff, 0xff, 0xff, 0xff]));
      writeReadRequest(request, { path, watch: false });
    }
    request.writeRaw(Buffer.from("ffffffff01ffffffff", "hex"));
    const { err, body } = rigWithNodes().read(OpCode.multiRead, request.takeCopy());
    expect(err).toBe(0);
    const header = (): unknown[] => [body.readInt(), body.readBool(), body.readInt()];
    expect(header()).toEqual([OpCode.getData, false, 0]);
    expect(body.readBuffer()?.toString()).toBe("value");
    readStat(body);
    expect(header()).toEqual([-1, false, ErrorCode.noNode]);
    expect(body.readInt()).toBe(ErrorCode.noNode);
    expect(header()).toEqual([OpCode.getChildren, false, 0]);
    expect(strings(body)).toEqual(["b", "c"]);
    expect(header()).toEqual([-1, true, -1]);
    expect(body.remaining).toBe(0);
  });

  it("multiRead sets no watches, even when its reads ask for them", () => {
    const rig = rigWithNodes();
    const request = new JuteWriter();
    for (const type of [OpCode.getData, OpCode.getChildren]) {
      request.writeRaw(Buffer.from([0, 0, 0, type, 0, 0xff, 0xff, 0xff, 0xff]));
      writeReadRequest(request, { path: "/a", watch: true });
    }
    request.writeRaw(Buffer.from("ffffffff01ffffffff", "hex"));
    expect(rig.read(OpCode.multiRead, request.takeCopy()).err).toBe(0);
    rig.run(OpCode.setData, setDataBody("/a", "changed"));
    rig.run(OpCode.create, createBody("/a/new"));
    expect(rig.watcher.events).toEqual([]);
  });

  it("throws WireError for bodies that cannot be decoded, and appends nothing", () => {
    const rig = rigWithNodes();
    const writer = new JuteWriter();
    const context = { sessionId: 1n, authInfo: [], watcher: rig.watcher };
    const multiWithWrite = Buffer.concat([
      Buffer.from("0000000400ffffffff", "hex"),
      readBody("/a"),
      Buffer.from("0000000100ffffffff", "hex"),
    ]);
    for (const [type, body] of [
      [OpCode.getData, pathBody("/a")],
      [OpCode.multiRead, multiWithWrite],
      [OpCode.removeWatches, Buffer.concat([pathBody("/a"), Buffer.from([0, 0, 0, 9])])],
    ] as const) {
      expect(() => rig.reads.serve(type, new JuteReader(body), writer, context)).toThrow(WireError);
      expect(writer.length).toBe(0);
    }
  });
});

describe("watches", () => {
  it("are set by reads that succeed, and by exists also where nothing is", () => {
    const rig = rigWithNodes();
    rig.read(OpCode.getData, readBody("/a", true));
    rig.read(OpCode.getChildren, readBody("/a", true));
    rig.read(OpCode.exists, readBody("/new", true));
    expect(rig.watches.watchCount).toBe(3);
    rig.read(OpCode.getData, readBody("/none", true));
    rig.read(OpCode.exists, readBody("/closed", true));
    rig.read(OpCode.getData, readBody("/closed", true));
    expect(rig.watches.watchCount).toBe(3);
    rig.run(OpCode.create, createBody("/new"));
    rig.run(OpCode.create, createBody("/a/d"));
    rig.run(OpCode.setData, setDataBody("/a", "2"));
    const first = rig.zxid - 2n;
    expect(rig.watcher.events).toEqual([
      `1 /new ${first}`,
      `4 /a ${first + 1n}`,
      `3 /a ${first + 2n}`,
    ]);
  });

  it("come with the ACL of the node, also of one that is gone", () => {
    const rig = rigWithNodes();
    const acls: (readonly Acl[])[] = [];
    const watcher: Watcher = { process: (_type, _path, _zxid, acl) => acls.push(acl) };
    rig.watches.addData("/closed", watcher);
    rig.run(OpCode.delete, deleteBody("/closed"));
    rig.watches.addData("/a", watcher);
    rig.run(OpCode.setData, setDataBody("/a", "2"));
    expect(acls).toEqual([aliceOnly, openAcl]);
  });

  it("are checked and removed by request", () => {
    const rig = rigWithNodes();
    rig.read(OpCode.getData, readBody("/a", true));
    const body = (type: number): Buffer =>
      Buffer.concat([pathBody("/a"), Buffer.from([0, 0, 0, type])]);
    expect(rig.read(OpCode.checkWatches, body(2)).err).toBe(0);
    expect(rig.read(OpCode.checkWatches, body(1)).err).toBe(ErrorCode.noWatcher);
    expect(rig.read(OpCode.checkWatches, body(4)).err).toBe(ErrorCode.noWatcher);
    expect(rig.read(OpCode.removeWatches, body(3)).err).toBe(0);
    expect(rig.read(OpCode.removeWatches, body(3)).err).toBe(ErrorCode.noWatcher);
    expect(rig.watches.watchCount).toBe(0);
  });

  it("set again after a reconnect fire for what was missed", () => {
    const rig = rigWithNodes();
    const relativeZxid = rig.zxid;
    rig.run(OpCode.create, createBody("/born"));
    rig.run(OpCode.setData, setDataBody("/a", "2"));
    rig.run(OpCode.delete, deleteBody("/a/b"));
    rig.setWatches({
      relativeZxid,
      dataWatches: ["/a", "/a/b", "/closed"],
      existWatches: ["/born", "/unborn"],
      childWatches: ["/a", "/a/b", "/closed"],
    });
    expect(rig.watcher.events).toEqual([
      "3 /a -1",
      "2 /a/b -1",
      "1 /born -1",
      "4 /a -1",
      "2 /a/b -1",
    ]);
    expect(rig.watches.watchCount).toBe(3);
  });
});

describe("isReadOp() and isWriteOp()", () => {
  it("divide the operations of clients", () => {
    for (const type of Object.values(OpCode)) expect(isReadOp(type) && isWriteOp(type)).toBe(false);
    expect(isReadOp(OpCode.getData)).toBe(true);
    expect(isWriteOp(OpCode.multi)).toBe(true);
    const internal = [OpCode.createSession, OpCode.deleteContainer, OpCode.error, OpCode.check];
    for (const type of internal) expect(isReadOp(type) || isWriteOp(type)).toBe(false);
  });
});

/** Round trips of all records, and what happens to bytes that are cut or made up. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  JuteReader,
  JuteWriter,
  OpCode,
  WireError,
  decodeElectionGreeting,
  decodeNotification,
  decodeTxn,
  encodeElectionGreeting,
  encodeNotification,
  quorumPacketSize,
  readAcl,
  readAuthPacket,
  readConnectRequest,
  readConnectResponse,
  readCreateRequest,
  readForwardedRequest,
  readMultiRequest,
  readMultiResponse,
  readPathRequest,
  readPathVersionRequest,
  readQuorumPacket,
  readReadRequest,
  readReconfigRequest,
  readReplyHeader,
  readSetAclRequest,
  readSetDataRequest,
  readSetWatches,
  readStat,
  readStatPersisted,
  readTxnHeader,
  writeAcl,
  writeAuthPacket,
  writeConnectRequest,
  writeConnectResponse,
  writeCreateRequest,
  writeForwardedRequest,
  writeMultiRequest,
  writeMultiResponse,
  writePathVersionRequest,
  writeQuorumPacket,
  writeReadRequest,
  writeReconfigRequest,
  writeReplyHeader,
  writeSetAclRequest,
  writeSetDataRequest,
  writeSetWatches,
  writeStat,
  writeStatPersisted,
  writeTxn,
  writeTxnHeader,
} from "../../src/wire/index.ts";
import type {
  MultiOp,
  MultiResult,
  PacketType,
  PeerState,
  SingleTxn,
  Txn,
} from "../../src/wire/index.ts";

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int = fc.integer();
const time = fc.integer({ min: 0, max: 2 ** 45 });
const text = fc.array(fc.constantFrom("a", "/", "é", "日")).map((units) => units.join(""));
const nullableText = fc.option(text);
const bytes = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array));
const data = fc.option(bytes);
const id = fc.record({ scheme: text, id: text });
const acl = fc.option(fc.array(fc.record({ perms: int, id }), { maxLength: 4 }));
const paths = fc.array(text, { maxLength: 4 });

const stat = fc.record({
  czxid: long,
  mzxid: long,
  ctimeMs: time,
  mtimeMs: time,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: long,
});

const createRequest = fc.record({
  path: text,
  data,
  acl,
  flags: int,
  ttlMs: fc.constant(undefined),
});
const pathVersion = fc.record({ path: text, version: int });
const setData = fc.record({ path: text, data, version: int });

function ofType<T>(type: T): fc.Arbitrary<T> {
  return fc.constant(type);
}

const multiOp: fc.Arbitrary<MultiOp> = fc.oneof(
  fc.record({ type: fc.constantFrom(OpCode.create, OpCode.create2), request: createRequest }),
  fc.record({ type: ofType(OpCode.createContainer), request: createRequest }),
  fc.record({
    type: ofType(OpCode.createTTL),
    request: fc.record({ path: text, data, acl, flags: int, ttlMs: time }),
  }),
  fc.record({ type: fc.constantFrom(OpCode.delete), request: pathVersion }),
  fc.record({ type: fc.constantFrom(OpCode.check), request: pathVersion }),
  fc.record({ type: ofType(OpCode.setData), request: setData }),
);

const multiResult: fc.Arbitrary<MultiResult> = fc.oneof(
  fc.record({ type: ofType(OpCode.create), path: text }),
  fc.record({ type: ofType(OpCode.create2), path: text, stat }),
  fc.record({ type: ofType(OpCode.setData), stat }),
  fc.record({ type: fc.constantFrom(OpCode.delete, OpCode.check) }),
  fc.record({ type: ofType(OpCode.error), err: int }),
);

const created = { path: text, data, acl, parentCVersion: int };

const singleTxn: fc.Arbitrary<SingleTxn> = fc.oneof(
  fc.record({
    type: fc.constantFrom(OpCode.create, OpCode.create2),
    ...created,
    ephemeral: fc.boolean(),
  }),
  fc.record({ type: ofType(OpCode.createContainer), ...created }),
  fc.record({ type: ofType(OpCode.createTTL), ...created, ttlMs: time }),
  fc.record({ type: fc.constantFrom(OpCode.delete, OpCode.deleteContainer), path: text }),
  fc.record({
    type: fc.constantFrom(OpCode.setData, OpCode.reconfig),
    path: text,
    data,
    version: int,
  }),
  fc.record({ type: ofType(OpCode.setACL), path: text, acl, version: int }),
  fc.record({ type: ofType(OpCode.check), path: text, version: int }),
  fc.record({ type: ofType(OpCode.createSession), timeoutMs: int }),
  fc.record({ type: ofType(OpCode.closeSession), paths }),
  fc.record({ type: ofType(OpCode.error), err: int }),
);

const txn: fc.Arbitrary<Txn> = fc.oneof(
  singleTxn,
  fc.record({ type: ofType(OpCode.multi), txns: fc.array(singleTxn, { maxLength: 4 }) }),
);

const header = fc.record({ clientId: long, cxid: int, zxid: long, timeMs: time });
const digest = fc.option(
  fc.record({ version: int, treeDigest: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
);

const watches = {
  relativeZxid: long,
  dataWatches: paths,
  existWatches: paths,
  childWatches: paths,
};

const packet = fc.record({
  type: fc.integer({ min: 1, max: 19 }) as fc.Arbitrary<PacketType>,
  zxid: long,
  data,
  authInfo: fc.option(fc.array(id, { maxLength: 3 })),
});

/** A record's codec and its values. */
interface Codec {
  readonly name: string;
  readonly values: fc.Arbitrary<unknown>;
  write(writer: JuteWriter, value: never): void;
  read(reader: JuteReader): unknown;
}

function codec<T>(
  name: string,
  values: fc.Arbitrary<T>,
  write: (writer: JuteWriter, value: T) => void,
  read: (reader: JuteReader) => unknown,
): Codec {
  return { name, values, write, read };
}

const codecs: readonly Codec[] = [
  codec("Stat", stat, writeStat, readStat),
  codec("StatPersisted", stat, writeStatPersisted, (reader) => readStatPersisted(reader)),
  codec("ACL", acl, writeAcl, readAcl),
  codec(
    "ReplyHeader",
    fc.record({ xid: int, zxid: long, err: int }),
    writeReplyHeader,
    readReplyHeader,
  ),
  codec("Create", createRequest, writeCreateRequest, (reader) => readCreateRequest(reader, false)),
  codec("path with version", pathVersion, writePathVersionRequest, readPathVersionRequest),
  codec("path", text, (writer, path) => writer.writeString(path), readPathRequest),
  codec("read", fc.record({ path: text, watch: fc.boolean() }), writeReadRequest, readReadRequest),
  codec("SetData", setData, writeSetDataRequest, readSetDataRequest),
  codec(
    "SetACL",
    fc.record({ path: text, acl, version: int }),
    writeSetAclRequest,
    readSetAclRequest,
  ),
  codec(
    "Reconfig",
    fc.record({
      joining: nullableText,
      leaving: nullableText,
      newMembers: nullableText,
      fromVersion: long,
    }),
    writeReconfigRequest,
    readReconfigRequest,
  ),
  codec("multi request", fc.array(multiOp, { maxLength: 5 }), writeMultiRequest, readMultiRequest),
  codec(
    "multi response",
    fc.array(multiResult, { maxLength: 5 }),
    writeMultiResponse,
    readMultiResponse,
  ),
  codec(
    "ConnectRequest",
    fc.record({
      protocolVersion: int,
      lastZxidSeen: long,
      timeoutMs: int,
      sessionId: long,
      password: data,
      readOnly: fc.option(fc.boolean(), { nil: undefined }),
    }),
    writeConnectRequest,
    readConnectRequest,
  ),
  codec(
    "ConnectResponse",
    fc.record({
      protocolVersion: int,
      timeoutMs: int,
      sessionId: long,
      password: bytes,
      readOnly: fc.option(fc.boolean(), { nil: undefined }),
    }),
    writeConnectResponse,
    readConnectResponse,
  ),
  codec("AuthPacket", fc.record({ scheme: text, auth: bytes }), writeAuthPacket, readAuthPacket),
  codec(
    "SetWatches",
    fc.record({
      ...watches,
      persistentWatches: fc.constant([]),
      persistentRecursiveWatches: fc.constant([]),
    }),
    (writer, value) => writeSetWatches(writer, value, false),
    (reader) => readSetWatches(reader, false),
  ),
  codec(
    "SetWatches2",
    fc.record({ ...watches, persistentWatches: paths, persistentRecursiveWatches: paths }),
    (writer, value) => writeSetWatches(writer, value, true),
    (reader) => readSetWatches(reader, true),
  ),
  codec("QuorumPacket", packet, writeQuorumPacket, readQuorumPacket),
  codec(
    "forwarded request",
    fc.record({ sessionId: long, cxid: int, type: int, body: bytes }),
    writeForwardedRequest,
    readForwardedRequest,
  ),
  codec(
    "TxnHeader",
    fc.record({ clientId: long, cxid: int, zxid: long, timeMs: time, type: int }),
    writeTxnHeader,
    readTxnHeader,
  ),
];

function encode(each: Codec, value: unknown): Buffer {
  const writer = new JuteWriter(16);
  each.write(writer, value as never);
  return writer.takeCopy();
}

describe.each(codecs)("$name", (each) => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(each.values, (value) => {
        const reader = new JuteReader(encode(each, value));
        const read = each.read(reader);
        expect(value).toMatchObject(read as object);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it("throws nothing but WireError when cut or made up", () => {
    const attempt = (input: Buffer): void => {
      try {
        each.read(new JuteReader(input));
      } catch (error) {
        expect(error).toBeInstanceOf(WireError);
      }
    };
    fc.assert(
      fc.property(each.values, fc.nat(), bytes, (value, cut, random) => {
        const whole = encode(each, value);
        attempt(whole.subarray(0, cut % (whole.length + 1)));
        attempt(random);
      }),
    );
  });
});

describe("transaction payloads", () => {
  it("are read as they were written, with and without digest", () => {
    fc.assert(
      fc.property(header, txn, digest, (head, body, sum) => {
        const full = { ...head, type: body.type };
        const writer = new JuteWriter();
        writeTxn(writer, full, body, sum);
        expect(decodeTxn(writer.takeCopy())).toEqual({ header: full, txn: body, digest: sum });
      }),
    );
  });

  it("throw nothing but WireError when cut", () => {
    fc.assert(
      fc.property(header, txn, fc.nat(), (head, body, cut) => {
        const writer = new JuteWriter();
        writeTxn(writer, { ...head, type: body.type }, body, null);
        const whole = writer.takeCopy();
        try {
          decodeTxn(whole.subarray(0, cut % whole.length));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  it("are understood in the forms of old versions", () => {
    const payload = (type: number, body: string): Buffer => {
      const writer = new JuteWriter();
      writeTxnHeader(writer, { clientId: 1n, cxid: 1, zxid: 1n, timeMs: 1, type });
      writer.writeRaw(Buffer.from(body, "hex"));
      return writer.takeCopy();
    };
    const bareClose = decodeTxn(payload(OpCode.closeSession, ""));
    expect(bareClose).toMatchObject({ txn: { paths: null }, digest: null });
    const create = decodeTxn(payload(OpCode.create, "000000022f61ffffffffffffffff01"));
    expect(create.txn).toMatchObject({ path: "/a", ephemeral: true, parentCVersion: -1 });
    expect(() => decodeTxn(payload(999, ""))).toThrow(WireError);
  });
});

describe("quorumPacketSize()", () => {
  it("knows the size exactly when the packet is whole", () => {
    fc.assert(
      fc.property(packet, (value) => {
        const writer = new JuteWriter();
        writeQuorumPacket(writer, value);
        const size = writer.length;
        writer.writeRaw(Buffer.from("next"));
        const buffer = writer.takeCopy();
        for (let end = 0; end < size; end++) {
          expect(quorumPacketSize(buffer.subarray(0, end), 0, 100)).toBe(-1);
        }
        expect(quorumPacketSize(buffer, 0, 100)).toBe(size);
      }),
    );
  });

  it("refuses lengths that cannot be right", () => {
    const base = "00000002 0000000000000000".replaceAll(" ", "");
    for (const rest of ["7fffffff", "fffffffe", "00000000fffffffe", "000000007fffffff"]) {
      expect(() => quorumPacketSize(Buffer.from(base + rest, "hex"), 0, 100)).toThrow(WireError);
    }
  });
});

describe("election messages", () => {
  const notification = fc.record({
    state: fc.constantFrom<PeerState>(0, 1, 2, 3),
    leader: long,
    zxid: long,
    electionEpoch: long,
    peerEpoch: long,
    config: text,
  });

  it("are read as they were written", () => {
    fc.assert(
      fc.property(notification, long, text, (vote, sid, name) => {
        expect(decodeNotification(encodeNotification(vote))).toEqual(vote);
        const greeting = { sid, address: `h${name}` };
        const bytesOf = encodeElectionGreeting(greeting);
        const decoded = decodeElectionGreeting(Buffer.concat([bytesOf, Buffer.from("x")]));
        expect(decoded).toEqual({ greeting, bytes: bytesOf.length });
        for (let end = 0; end < bytesOf.length; end++) {
          expect(decodeElectionGreeting(bytesOf.subarray(0, end))).toBeNull();
        }
      }),
      { numRuns: 30 },
    );
  });

  it("are understood in the forms of old servers", () => {
    const vote = { state: 2, leader: 1n, zxid: 0x5_0000_0001n, electionEpoch: 3n, peerEpoch: 5n };
    const whole = encodeNotification({ ...vote, state: 2, config: "c" });
    expect(decodeNotification(whole.subarray(0, 28))).toEqual({ ...vote, config: null });
    expect(decodeNotification(whole.subarray(0, 36))).toEqual({ ...vote, config: null });
    const sid = Buffer.from("0000000000000007", "hex");
    expect(decodeElectionGreeting(sid)).toEqual({ greeting: { sid: 7n, address: "" }, bytes: 8 });
  });

  it.each(["0000000400", "ffffffff"])("refuse an unknown state in %s", (hex) => {
    expect(() => decodeNotification(Buffer.from(hex, "hex"))).toThrow(WireError);
  });

  it.each(["fffffffffffffff0", "ffffffffffff0000 0000000000000001 00000000"])(
    "refuse a greeting like %s",
    (hex) => {
      const greeting = Buffer.from(hex.replaceAll(" ", ""), "hex");
      expect(() => decodeElectionGreeting(greeting)).toThrow(WireError);
    },
  );
});

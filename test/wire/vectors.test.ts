/** Bytes captured from Apache ZooKeeper 3.9. */
import { describe, expect, it } from "vitest";
import {
  JuteReader,
  JuteWriter,
  OpCode,
  PacketType,
  decodeTxn,
  errorCodeName,
  formatHex,
  makeZxid,
  payloadZxid,
  readConnectRequest,
  readLearnerInfo,
  readMultiResponse,
  readQuorumPacket,
  sessionPassword,
  writeConnectRequest,
  writeLearnerInfo,
  writeMultiResponse,
  writeQuorumPacket,
  writeTxn,
  zxidCounter,
  zxidEpoch,
} from "../../src/wire/index.ts";

function bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

function written(write: (writer: JuteWriter) => void): string {
  const writer = new JuteWriter();
  write(writer);
  return writer.takeCopy().toString("hex");
}

describe("captured bytes", () => {
  it("sessionPassword() is the function of all servers", () => {
    expect(sessionPassword(0x01000011b7b30000n).toString("hex")).toBe(
      "0fddf722f0ca8d2c05d4f339b90c8c1d",
    );
  });

  it("ConnectRequest of a new session", () => {
    const frame = bytes(
      "00000000 0000000000000000 00002710 0000000000000000 00000010 00000000000000000000000000000000 00",
    );
    const request = readConnectRequest(new JuteReader(frame));
    expect(request).toEqual({
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeoutMs: 10_000,
      sessionId: 0n,
      password: Buffer.alloc(16),
      readOnly: false,
    });
    expect(written((writer) => writeConnectRequest(writer, request))).toBe(frame.toString("hex"));
  });

  it("createSession transaction with its digest", () => {
    const payload = bytes(
      "01000011b7b30000 00000000 0000000100000001 0000018bcfe56800 fffffff6 00002710 00000002 0000000051c6d660",
    );
    const decoded = decodeTxn(payload);
    expect(decoded).toEqual({
      header: {
        clientId: 0x01000011b7b30000n,
        cxid: 0,
        zxid: 0x100000001n,
        timeMs: 1_700_000_000_000,
        type: OpCode.createSession,
      },
      txn: { type: OpCode.createSession, timeoutMs: 10_000 },
      digest: { version: 2, treeDigest: 0x51c6d660n },
    });
    const { header, txn, digest } = decoded;
    expect(written((writer) => writeTxn(writer, header, txn, digest))).toBe(
      payload.toString("hex"),
    );
    expect(payloadZxid(payload)).toBe(0x100000001n);
  });

  it("OBSERVERINFO of server 99", () => {
    const packet = bytes(
      "00000010 0000000000000000 00000014 0000000000000063 00010000 0000000000000000 ffffffff",
    );
    const decoded = readQuorumPacket(new JuteReader(packet));
    expect(decoded).toMatchObject({ type: PacketType.observerInfo, zxid: 0n, authInfo: null });
    const info = readLearnerInfo(new JuteReader(decoded.data ?? Buffer.alloc(0)));
    expect(info).toMatchObject({ sid: 99n, protocolVersion: 0x10000, configVersion: 0n });
    const data = bytes(written((writer) => writeLearnerInfo(writer, info)));
    expect(written((writer) => writeQuorumPacket(writer, { ...decoded, data }))).toBe(
      packet.toString("hex"),
    );
  });

  it("body of a failed multi", () => {
    const body = bytes(
      "ffffffff00 00000000 00000000 ffffffff00 ffffff99 ffffff99 ffffffff00 fffffffe fffffffe ffffffff01 ffffffff",
    );
    const results = [0, -103, -2].map((err) => ({ type: OpCode.error, err }));
    expect(written((writer) => writeMultiResponse(writer, results))).toBe(body.toString("hex"));
    expect(readMultiResponse(new JuteReader(body))).toEqual(results);
  });
});

describe("ids and names", () => {
  it("a zxid is an epoch and a counter", () => {
    const zxid = makeZxid(5, 0xffff_fffe);
    expect(zxid).toBe(0x5_ffff_fffen);
    expect([zxidEpoch(zxid), zxidCounter(zxid)]).toEqual([5, 0xffff_fffe]);
    expect(formatHex(zxid)).toBe("0x5fffffffe");
    expect(formatHex(-1n)).toBe("0xffffffffffffffff");
  });

  it("errorCodeName() names codes", () => {
    expect(errorCodeName(-101)).toBe("noNode");
    expect(errorCodeName(-999)).toBe("error -999");
  });
});

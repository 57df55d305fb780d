import { describe, expect, it } from "vitest";
import { AuditTrail } from "../../../src/server/audit/audit-trail.ts";
import type { AuditRecord } from "../../../src/server/audit/audit-record.ts";
import { ErrorCode, JuteWriter, OpCode, writeSetDataRequest } from "../../../src/wire/index.ts";
import type { Txn } from "../../../src/wire/index.ts";

const client = { sessionId: 7n, authInfo: [{ scheme: "ip", id: "10.0.0.1" }] };

function setUp() {
  const records: AuditRecord[] = [];
  const sink = {
    write: (record: AuditRecord): void => {
      records.push(record);
    },
    close: (): Promise<void> => Promise.resolve(),
  };
  const trail = new AuditTrail(sink, "operator");
  const apply = (cxid: number, txn: Txn, err: number = ErrorCode.ok, clientId = 7n): void => {
    const header = { clientId, cxid, zxid: 1n, timeMs: 0, type: txn.type };
    trail.applied({ header, txn, digest: null }, { err });
  };
  return { records, trail, apply };
}

function setData(path: string): Buffer {
  const writer = new JuteWriter();
  writeSetDataRequest(writer, { path, data: null, version: -1 });
  return writer.takeCopy();
}

const failed = { type: OpCode.error, err: ErrorCode.noNode } as const;

describe("AuditTrail", () => {
  it("takes the path of a failed request from the request", () => {
    const { records, trail, apply } = setUp();
    trail.submitted(client, { xid: 1, type: OpCode.setData, body: setData("/x") });
    expect(records).toEqual([]);
    apply(1, failed, ErrorCode.noNode);
    expect(records).toMatchObject([
      { session: "0x7", user: "10.0.0.1", operation: "setData", znode: "/x", result: "failure" },
    ]);
  });

  it("records nothing for other servers' clients and after a reset", () => {
    const { records, trail, apply } = setUp();
    apply(1, failed, ErrorCode.noNode, 8n);
    trail.submitted(client, { xid: 1, type: OpCode.setData, body: setData("/x") });
    trail.reset();
    apply(1, failed, ErrorCode.noNode);
    expect(records).toEqual([]);
  });

  it("gives up on requests whose successor has its transaction", () => {
    const { records, trail, apply } = setUp();
    trail.submitted(client, { xid: 1, type: OpCode.setData, body: setData("/x") });
    trail.submitted(client, { xid: 2, type: OpCode.setData, body: setData("/y") });
    apply(2, failed, ErrorCode.noNode);
    apply(1, failed, ErrorCode.noNode);
    expect(records).toMatchObject([{ znode: "/y" }]);
  });

  it("takes a body that cannot be read for a request that fails", () => {
    const { records, trail, apply } = setUp();
    trail.submitted(client, { xid: 1, type: OpCode.create, body: Buffer.from([0, 0]) });
    apply(1, failed, ErrorCode.marshallingError);
    expect(records).toMatchObject([{ operation: "create", result: "failure" }]);
  });

  it("records the ephemeral nodes of a closed session under the server's user", () => {
    const { records, apply } = setUp();
    apply(3, { type: OpCode.closeSession, paths: ["/e1", "/e2"] }, ErrorCode.ok, 9n);
    expect(records).toMatchObject([
      { session: "0x9", user: "operator", znode: "/e1", result: "success" },
      { session: "0x9", user: "operator", znode: "/e2", result: "success" },
    ]);
  });
});

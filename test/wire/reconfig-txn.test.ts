import { expect, test } from "vitest";
import { JuteWriter, OpCode, WireError, writeTxn } from "../../src/wire/index.ts";
import type { SetDataTxn } from "../../src/wire/txn.ts";
import { reconfigText } from "../../src/wire/reconfig-txn.ts";

function payloadOf(type: SetDataTxn["type"], data: Buffer | null): Buffer {
  const writer = new JuteWriter(128);
  const header = { clientId: 1n, cxid: 2, zxid: 3n, timeMs: 4, type };
  writeTxn(writer, header, { type, path: "/zookeeper/config", data, version: 7 }, null);
  return writer.takeCopy();
}

test("reconfigText() knows a reconfiguration among transactions", () => {
  expect(reconfigText(payloadOf(OpCode.reconfig, Buffer.from("version=1")))).toBe("version=1");
  expect(reconfigText(payloadOf(OpCode.setData, Buffer.from("version=1")))).toBeUndefined();
  expect(reconfigText(Buffer.alloc(10))).toBeUndefined();
});

test("reconfigText() throws nothing but WireError for one that cannot be read", () => {
  const whole = payloadOf(OpCode.reconfig, Buffer.from("version=1"));
  for (let length = 32; length < whole.length - 4; length++) {
    expect(() => reconfigText(whole.subarray(0, length))).toThrow(WireError);
  }
  expect(() => reconfigText(payloadOf(OpCode.reconfig, null))).toThrow(WireError);
});

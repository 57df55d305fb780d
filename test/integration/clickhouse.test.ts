/** ClickHouse Keeper's operations over the wire, on a follower, and their refusal by default. */
import { describe, expect, it } from "vitest";
import { ErrorCode, KeeperOpCode, OpCode } from "../../src/wire/index.ts";
import type { JuteWriter } from "../../src/wire/index.ts";
import { RawClient, body, dataOf, pathOf } from "./support/raw-client.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

const removal = (path: string) => (writer: JuteWriter) => {
  writer.writeString(path);
  writer.writeInt(100);
};

describe("A server", () => {
  it("serves ClickHouse's clients when it is told to", async () => {
    const ensemble = await TestEnsemble.start(3, { "ensemble.clickhouse": true });
    try {
      const [follower] = await ensemble.followers();
      const { client } = await RawClient.open(ensemble.clientPort(follower!));
      const flags = await client.call(1, OpCode.getData, body.read("/keeper/feature_flags"));
      expect(dataOf(flags)).toHaveLength(2);
      for (const [xid, path] of ["/a", "/a/b"].entries()) {
        const reply = await client.call(xid + 2, KeeperOpCode.createIfNotExists, body.create(path));
        expect([reply.err, pathOf(reply)]).toEqual([ErrorCode.ok, path]);
      }
      const again = await client.call(4, KeeperOpCode.createIfNotExists, body.create("/a"));
      expect([again.err, pathOf(again)]).toEqual([ErrorCode.ok, "/a"]);
      const tried = await client.call(5, KeeperOpCode.tryRemove, body.pathVersion("/a"));
      expect([tried.err, tried.body.length]).toEqual([ErrorCode.ok, 0]);
      const checked = await client.call(6, KeeperOpCode.checkNotExists, body.pathVersion("/a"));
      expect(checked.err).toBe(ErrorCode.nodeExists);
      const removed = await client.call(7, KeeperOpCode.removeRecursive, removal("/a"));
      expect([removed.err, removed.body.length]).toEqual([ErrorCode.ok, 0]);
      expect((await client.call(8, OpCode.exists, body.read("/a"))).err).toBe(ErrorCode.noNode);
    } finally {
      await ensemble.dispose();
    }
  });

  it("refuses their operations otherwise", async () => {
    const ensemble = await TestEnsemble.start(1);
    try {
      for (const type of [KeeperOpCode.filteredList, KeeperOpCode.tryRemove]) {
        const { client } = await RawClient.open(ensemble.clientPort(1));
        const reply = await client.call(1, type, body.pathVersion("/"));
        expect(reply.err).toBe(ErrorCode.unimplemented);
        await client.closed;
      }
    } finally {
      await ensemble.dispose();
    }
  });
});

/** A recovered tree is compared with the digests that its transactions carry, once it has one. */
import { expect, test } from "vitest";
import { TreeRecovery } from "../../src/server/tree-recovery.ts";
import { DataTree, digestVersion } from "../../src/tree/index.ts";
import {
  JuteWriter,
  OpCode,
  SnapshotBodyDecoder,
  encodeSnapshotBody,
  openAcl,
  writeTxn,
} from "../../src/wire/index.ts";
import type { Txn } from "../../src/wire/index.ts";

/** A tree with its log: the creation of `/n1`, `/n2` and so on, as transactions 1, 2 and so on. */
function history(count: number): { readonly tree: DataTree; readonly log: Buffer[] } {
  const tree = new DataTree();
  const log: Buffer[] = [];
  for (let number = 1; number <= count; number++) {
    const zxid = BigInt(number);
    const header = { clientId: 1n, cxid: number, zxid, timeMs: 0, type: OpCode.create };
    const txn: Txn = {
      type: OpCode.create,
      path: `/n${number}`,
      data: Buffer.alloc(0),
      acl: openAcl,
      ephemeral: false,
      parentCVersion: number,
    };
    tree.apply(header, txn);
    const writer = new JuteWriter();
    writeTxn(writer, header, txn, { version: digestVersion, treeDigest: tree.digest });
    log.push(writer.takeCopy());
  }
  return { tree, log };
}

/** A snapshot that was begun at transaction 1 and finished when the tree was at `endZxid`. */
function recoverySince1(tree: DataTree, endZxid: bigint): TreeRecovery {
  const recovery = new TreeRecovery();
  const loading = recovery.beginSnapshot();
  const decoder = new SnapshotBodyDecoder(loading.sink);
  for (const chunk of encodeSnapshotBody(tree)) decoder.push(Buffer.from(chunk));
  loading.finish(1n, { zxid: endZxid, version: digestVersion, digest: tree.digest });
  return recovery;
}

test("a log that ends before the snapshot was finished leaves a tree without a right digest", () => {
  const { tree, log } = history(5);
  const recovery = recoverySince1(tree, 5n);
  for (const payload of log.slice(1, 3)) recovery.replay(payload);
  expect(recovery.mismatchCount).toBe(0);
  expect(recovery.isSettling).toBe(true);
});

test("a log that goes on to the snapshot's end leads to the digest that is logged there", () => {
  const { tree, log } = history(5);
  const recovery = recoverySince1(tree, 5n);
  for (const payload of log.slice(1)) recovery.replay(payload);
  expect(recovery.mismatchCount).toBe(0);
  expect(recovery.isSettling).toBe(false);
});

test("a tree that is another one than was logged is noticed", () => {
  const { log } = history(5);
  const recovery = recoverySince1(history(1).tree, 1n);
  for (const payload of [log[1]!, log[3]!]) recovery.replay(payload);
  expect(recovery.mismatchCount).toBe(1);
});

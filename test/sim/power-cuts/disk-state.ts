/**
 * The replicated state of the power-cut tests: a chain of all transactions, in one node's data.
 * What a snapshot holds and what recovery makes of a disk is compared by it.
 */
import { nullLogger } from "../../../src/observe/index.ts";
import { Storage } from "../../../src/storage/index.ts";
import type { FileOps } from "../../../src/storage/file-ops.ts";
import type { RecoveryTarget, StorageOptions } from "../../../src/storage/index.ts";
import {
  JuteWriter,
  OpCode,
  decodeTxn,
  encodeSnapshotBody,
  writeTxn,
} from "../../../src/wire/index.ts";
import type { SnapshotNode, SnapshotSink } from "../../../src/wire/index.ts";
import { nextChain } from "./history.ts";
import type { Found, Place } from "./history.ts";

/** Settings that the workloads vary. */
export type StorageShape = Pick<
  StorageOptions,
  "dataLogDir" | "preAllocBytes" | "snapRetainCount" | "snapshotCompression" | "forceSync"
> & { readonly txnLogSizeLimitBytes: number };

export const dataDir = "/data";

export function openStorage(files: FileOps, shape: StorageShape): Promise<Storage> {
  return Storage.open({ dataDir, ...shape, trustEmpty: false, logger: nullLogger, files });
}

/** A transaction that changes the chain by `token`. */
export function encodeToken(zxid: bigint, token: number, dataBytes: number): Buffer {
  const data = Buffer.alloc(dataBytes, zxid.toString(16));
  data.writeUInt32BE(token);
  const header = { clientId: 7n, cxid: 1, zxid, timeMs: 1_700_000_000_000, type: OpCode.setData };
  const writer = new JuteWriter();
  writeTxn(writer, header, { type: OpCode.setData, path: "/a", data, version: 1 }, null);
  return writer.takeCopy();
}

/** A snapshot of the state at `place`, of about `nodeCount` small nodes. */
export function snapshotOf({ chain }: Place, nodeCount: number): Generator<Buffer> {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(chain);
  const nodes = [nodeNamed("", data)];
  for (let index = 0; index < nodeCount; index++) {
    nodes.push(nodeNamed(`/node-${index}`, Buffer.alloc(20, index)));
  }
  const source = { sessions: () => [], acls: () => [], nodes: () => nodes };
  return encodeSnapshotBody(source, 512);
}

function nodeNamed(path: string, data: Buffer): SnapshotNode {
  const times = { ctimeMs: 1, mtimeMs: 1 };
  const versions = { version: 0, cversion: 0, aversion: 0 };
  const stat = { czxid: 1n, mzxid: 1n, ...times, ...versions, ephemeralOwner: 0n, pzxid: 1n };
  return { path, data, aclIndex: -1, stat };
}

/** Takes in what the storage recovers. */
class ChainTarget implements RecoveryTarget {
  chain = 1;

  beginSnapshot(): ReturnType<RecoveryTarget["beginSnapshot"]> {
    let chain = 0;
    const sink: SnapshotSink = {
      session: () => undefined,
      acl: () => undefined,
      node: ({ path, data }) => {
        if (path === "" && data !== null) chain = data.readUInt32BE();
      },
    };
    return {
      sink,
      finish: () => {
        this.chain = chain;
      },
    };
  }

  replay(payload: Buffer): void {
    const { header, txn } = decodeTxn(payload);
    if (txn.type !== OpCode.setData || txn.data === null) throw new Error("Only setData is logged");
    this.chain = nextChain(this.chain, header.zxid, txn.data.readUInt32BE());
  }
}

/** Recovers, and writes the first snapshot where there is none, as a server does. */
export async function recoverState(storage: Storage): Promise<Found> {
  const target = new ChainTarget();
  const { lastZxid, snapshotZxid, acceptedEpoch, currentEpoch } = await storage.recover(target, 0);
  const found = { zxid: lastZxid, chain: target.chain, acceptedEpoch, currentEpoch };
  if (snapshotZxid < 0n) {
    await storage.writeSnapshot(snapshotOf(found, 2), { lastProcessedZxid: lastZxid });
  }
  return found;
}

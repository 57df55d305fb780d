/**
 * A leader without a quorum: requests are prepared, wait in a window, and are applied in order.
 * Keeps the log, for replay.
 */
import { DataTree, Preparer } from "../../../src/tree/index.ts";
import type { PrepareOptions, PreparedTxn, TxnResult } from "../../../src/tree/index.ts";
import {
  JuteWriter,
  OpCode,
  SnapshotBodyDecoder,
  decodeTxn,
  encodeSnapshotBody,
  openAcl,
  writeCreateRequest,
  writeMultiRequest,
  writePathVersionRequest,
  writeSetAclRequest,
  writeSetDataRequest,
  writeTxn,
} from "../../../src/wire/index.ts";
import type { Acl, Id, MultiOp } from "../../../src/wire/index.ts";

export interface RigOptions extends Partial<PrepareOptions> {
  /** How many transactions may be proposed and not applied. @default 0 */
  readonly windowMax?: number;
}

export interface Outcome {
  readonly prepared: PreparedTxn;
  readonly result: TxnResult;
}

/** Who sends a request. */
export interface Caller {
  readonly sessionId?: bigint;
  readonly authInfo?: readonly Id[];
}

export class LeaderRig {
  readonly tree = new DataTree();
  readonly preparer: Preparer;
  readonly log: PreparedTxn[] = [];
  /** Digests after `apply` that differ from the foretold ones. */
  readonly mismatches: bigint[] = [];
  readonly #windowMax: number;
  #zxid = 0x1_0000_0000n;
  #timeMs = 1_700_000_000_000;
  #cxid = 0;
  #appliedCount = 0;

  constructor(options: RigOptions = {}) {
    const { windowMax = 0, ...prepareOptions } = options;
    this.#windowMax = windowMax;
    this.preparer = new Preparer(this.tree, { skipAcl: false, ...prepareOptions });
  }

  get zxid(): bigint {
    return this.#zxid;
  }

  /** Prepares a request; applies what no longer fits in the window. */
  propose(type: number, body: Buffer, caller: Caller = {}): PreparedTxn {
    this.#zxid += 1n;
    this.#timeMs += 7;
    this.#cxid += 1;
    const prepared = this.preparer.prepare({
      sessionId: caller.sessionId ?? 0x77n,
      cxid: this.#cxid,
      type,
      body,
      authInfo: caller.authInfo ?? [{ scheme: "ip", id: "127.0.0.1" }],
      zxid: this.#zxid,
      timeMs: this.#timeMs,
    });
    const kept = throughTheWire(prepared);
    this.log.push(kept);
    while (this.log.length - this.#appliedCount > this.#windowMax + 1) this.applyNext();
    return kept;
  }

  /** Applies the oldest transaction in the window, or does nothing. */
  applyNext(): TxnResult | undefined {
    const next = this.log[this.#appliedCount];
    if (next === undefined) return undefined;
    this.#appliedCount += 1;
    const result = this.tree.apply(next.header, next.txn);
    this.preparer.applied(next.header.zxid);
    if (!this.tree.matchesDigest(next.digest)) this.mismatches.push(next.header.zxid);
    return result;
  }

  applyAll(): void {
    while (this.applyNext() !== undefined);
  }

  /** Prepares and applies a request, after everything before it. */
  run(type: number, body: Buffer, caller: Caller = {}): Outcome {
    const prepared = this.propose(type, body, caller);
    let result: TxnResult = { err: 0 };
    for (let next = this.applyNext(); next !== undefined; next = this.applyNext()) result = next;
    return { prepared, result };
  }

  /** The error code of a request, 0 for success. */
  code(type: number, body: Buffer, caller: Caller = {}): number {
    return this.run(type, body, caller).result.err;
  }
}

/** What a transaction looks like after a log or a connection carried it. */
function throughTheWire(prepared: PreparedTxn): PreparedTxn {
  const writer = new JuteWriter();
  writeTxn(writer, prepared.header, prepared.txn, prepared.digest);
  return decodeTxn(writer.takeCopy());
}

function bodyOf(write: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter();
  write(writer);
  return writer.takeCopy();
}

export interface CreateFields {
  readonly data?: string | null;
  readonly acl?: readonly Acl[] | null;
  readonly flags?: number;
  readonly ttlMs?: number;
}

export function createBody(path: string, fields: CreateFields = {}): Buffer {
  const { data = "", acl = openAcl, flags = 0, ttlMs } = fields;
  return bodyOf((writer) => {
    writeCreateRequest(writer, {
      path,
      data: data === null ? null : Buffer.from(data),
      acl,
      flags,
      ttlMs,
    });
  });
}

export function deleteBody(path: string, version = -1): Buffer {
  return bodyOf((writer) => {
    writePathVersionRequest(writer, { path, version });
  });
}

export function setDataBody(path: string, data: string | null, version = -1): Buffer {
  return bodyOf((writer) => {
    writeSetDataRequest(writer, { path, data: data === null ? null : Buffer.from(data), version });
  });
}

export function setAclBody(path: string, acl: readonly Acl[] | null, version = -1): Buffer {
  return bodyOf((writer) => {
    writeSetAclRequest(writer, { path, acl, version });
  });
}

export function multiBody(ops: readonly MultiOp[]): Buffer {
  return bodyOf((writer) => {
    writeMultiRequest(writer, ops);
  });
}

export function pathBody(path: string): Buffer {
  return bodyOf((writer) => {
    writer.writeString(path);
  });
}

export function sessionBody(timeoutMs: number): Buffer {
  return bodyOf((writer) => {
    writer.writeInt(timeoutMs);
  });
}

export const noBody = Buffer.alloc(0);

/** A create operation inside a multi. */
export function createOp(path: string, data = "", flags = 0): MultiOp {
  return {
    type: OpCode.create,
    request: { path, data: Buffer.from(data), acl: openAcl, flags, ttlMs: undefined },
  };
}

/** Writes a tree down and reads it back, without anything happening in between. */
export function copyTree(tree: DataTree): DataTree {
  const restoring = DataTree.restore();
  const decoder = new SnapshotBodyDecoder(restoring.sink);
  for (const chunk of encodeSnapshotBody(tree)) decoder.push(chunk);
  return restoring.finish(tree.lastProcessedZxid);
}

/** Everything that two equal trees have in common, in comparable form. */
export function describeTree(tree: DataTree): unknown {
  const nodes = Array.from(tree.nodes(), ({ path, data, stat }) => {
    const node = tree.getNode(path);
    return [
      path,
      {
        data: data === null ? null : data.toString("latin1"),
        acl: node === undefined ? null : tree.aclOf(node),
        children: [...(node?.childPaths ?? [])].sort(),
        czxid: stat.czxid,
        mzxid: stat.mzxid,
        pzxid: stat.pzxid,
        ctimeMs: stat.ctimeMs,
        mtimeMs: stat.mtimeMs,
        version: stat.version,
        cversion: stat.cversion,
        aversion: stat.aversion,
        ephemeralOwner: stat.ephemeralOwner,
      },
    ] as const;
  }).sort(([left], [right]) => (left < right ? -1 : 1));
  const owners = [...tree.ephemeralOwners()].sort();
  return {
    digest: tree.digest,
    nodeCount: tree.nodeCount,
    bytes: tree.approximateDataBytes,
    nodes,
    sessions: [...tree.globalSessions].sort(),
    ephemerals: owners.map((owner) => [owner, [...tree.ephemeralsOf(owner)].sort()]),
    ephemeralCount: tree.ephemeralCount,
    reapable: [...tree.reapablePaths].sort(),
    acls: tree
      .acls()
      .map(([, acl]) => JSON.stringify(acl))
      .sort(),
  };
}

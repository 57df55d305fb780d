/** Random requests against the laws that hold for all of them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataTree } from "../../src/tree/index.ts";
import { contentChecksum, nodeDigest } from "../../src/tree/digest.ts";
import { OpCode, SnapshotBodyDecoder, encodeSnapshotBody, openAcl } from "../../src/wire/index.ts";
import type { Acl, MultiOp } from "../../src/wire/index.ts";
import {
  LeaderRig,
  copyTree,
  createBody,
  deleteBody,
  describeTree,
  multiBody,
  noBody,
  sessionBody,
  setAclBody,
  setDataBody,
} from "./support/leader-rig.ts";

type Call = readonly [type: number, body: Buffer];

interface Request {
  readonly type: number;
  readonly body: Buffer;
  readonly sessionId: bigint;
}

/** Few paths, so that requests meet each other; all parents but the deepest exist at first. */
const path = fc.constantFrom("/a", "/é", "/a/a", "/a/b", "/a/a/a", "/é/b", "/é/b/a");

const firstPaths = ["/a", "/é", "/a/a", "/é/b"];

const data = fc.constantFrom("", "v", "value of some length", "x".repeat(600));

const acl = fc.constantFrom<readonly Acl[]>(
  openAcl,
  [{ perms: 31, id: { scheme: "ip", id: "127.0.0.1" } }],
  [{ perms: 31, id: { scheme: "ip", id: "127.0.0.0/8" } }],
);

const version = fc.constantFrom(-1, -1, -1, -1, 0, 1);
const flags = fc.constantFrom(0, 0, 0, 1, 1, 2, 3);

const multiOp: fc.Arbitrary<MultiOp> = fc.oneof(
  fc.record({ path, data, acl, flags }).map((fields): MultiOp => ({
    type: OpCode.create2,
    request: { ...fields, data: Buffer.from(fields.data), ttlMs: undefined },
  })),
  fc.record({ path, version }).map((request): MultiOp => ({ type: OpCode.delete, request })),
  fc.record({ path, version }).map((request): MultiOp => ({ type: OpCode.check, request })),
  fc.record({ path, data, version }).map((fields): MultiOp => ({
    type: OpCode.setData,
    request: { ...fields, data: Buffer.from(fields.data) },
  })),
);

const sessionId = fc.constantFrom(1n, 2n, 3n);

const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ path, data, acl, flags })
      .map(({ path: at, ...fields }) => [OpCode.create, createBody(at, fields)] as Call),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(path, fc.constantFrom(0, 4))
      .map(([at, mode]) => [OpCode.createContainer, createBody(at, { flags: mode })] as Call),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(path, version).map((args) => [OpCode.delete, deleteBody(...args)] as Call),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(path, fc.option(data), version)
      .map((args) => [OpCode.setData, setDataBody(...args)] as Call),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(path, acl, version)
      .map((args) => [OpCode.setACL, setAclBody(...args)] as Call),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(multiOp, { minLength: 1, maxLength: 4 })
      .map((ops) => [OpCode.multi, multiBody(ops)] as Call),
  },
  { weight: 1, arbitrary: fc.constant<Call>([OpCode.createSession, sessionBody(4000)]) },
  { weight: 2, arbitrary: fc.constant<Call>([OpCode.closeSession, noBody]) },
);

const request: fc.Arbitrary<Request> = fc
  .tuple(call, sessionId)
  .map(([[type, body], id]) => ({ type, body, sessionId: id }));

const requests = fc.array(request, { maxLength: 60 });

/** Requests, and after each how many nodes of the snapshot are written down. */
const requestsAndSteps = fc.array(fc.tuple(request, fc.constantFrom(0, 0, 0, 0, 0, 1)), {
  maxLength: 100,
});

/** A leader whose tree holds the first nodes. */
function populated(windowMax = 0): LeaderRig {
  const rig = new LeaderRig({ windowMax });
  for (const each of firstPaths) rig.run(OpCode.create, createBody(each));
  return rig;
}

function send(rig: LeaderRig, { type, body, sessionId: id }: Request): void {
  rig.propose(type, body, { sessionId: id });
}

describe("random requests", { timeout: 60_000 }, () => {
  it("leave the tree with the digest foretold, whatever the window", () => {
    fc.assert(
      fc.property(requests, fc.nat(20), (all, windowMax) => {
        const rig = populated(windowMax);
        for (const each of all) send(rig, each);
        rig.applyAll();
        expect(rig.mismatches).toEqual([]);
        expect(rig.preparer.pendingCount).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("come to the same with a window as without", () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 20 }), (all, windowMax) => {
        const direct = populated();
        const windowed = populated(windowMax);
        for (const rig of [direct, windowed]) {
          for (const each of all) send(rig, each);
          rig.applyAll();
        }
        expect(windowed.log.map(({ txn }) => sortPaths(txn))).toEqual(
          direct.log.map(({ txn }) => sortPaths(txn)),
        );
        expect(describeTree(windowed.tree)).toEqual(describeTree(direct.tree));
      }),
      { numRuns: 100 },
    );
  });

  it("keep the digest equal to one computed from scratch", () => {
    fc.assert(
      fc.property(requests, (all) => {
        const rig = populated();
        for (const each of all) send(rig, each);
        rig.applyAll();
        let sum = 0n;
        for (const node of rig.tree.nodes()) {
          sum += BigInt(nodeDigest(contentChecksum(node.path, node.data), node.stat));
        }
        expect(rig.tree.digest).toBe(BigInt.asUintN(64, sum));
      }),
      { numRuns: 100 },
    );
  });

  it("do the same on a tree that was written down and read back in between", () => {
    fc.assert(
      fc.property(requests, requests, (before, after) => {
        const rig = populated();
        for (const each of before) send(rig, each);
        rig.applyAll();
        const startZxid = rig.tree.lastProcessedZxid;
        const copy = copyTree(rig.tree);
        expect(describeTree(copy)).toEqual(describeTree(rig.tree));
        for (const each of after) send(rig, each);
        rig.applyAll();
        for (const { header, txn } of rig.log) {
          if (header.zxid > startZxid) copy.apply(header, txn);
        }
        expect(describeTree(copy)).toEqual(describeTree(rig.tree));
      }),
      { numRuns: 50 },
    );
  });

  it("replayed over a snapshot that was written meanwhile give the live tree", () => {
    fc.assert(
      fc.property(requests, requestsAndSteps, (before, during) => {
        const rig = populated();
        for (const each of before) send(rig, each);
        rig.applyAll();
        const startZxid = rig.tree.lastProcessedZxid;
        const restoring = DataTree.restore();
        const decoder = new SnapshotBodyDecoder(restoring.sink);
        const chunks = encodeSnapshotBody(rig.tree, 1);
        const writeSome = (count: number): void => {
          for (let step = 0; step < count; step++) {
            const next = chunks.next();
            if (next.done !== true) decoder.push(next.value);
          }
        };
        writeSome(1);
        for (const [each, steps] of during) {
          send(rig, each);
          rig.applyAll();
          writeSome(steps);
        }
        for (const chunk of chunks) decoder.push(chunk);
        const restored = restoring.finish(startZxid);
        for (const { header, txn } of rig.log) {
          if (header.zxid > startZxid) restored.apply(header, txn);
        }
        expect(describeTree(restored)).toEqual(describeTree(rig.tree));
      }),
      { numRuns: 200 },
    );
  });
});

/** The paths of a closed session have no order. */
function sortPaths(txn: unknown): unknown {
  const { paths } = txn as { paths?: string[] | null };
  return paths === undefined || paths === null ? txn : [...paths].sort();
}

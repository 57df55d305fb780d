/** What storage tests share: transactions, a small tree, a target that remembers, the fixtures. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { onTestFinished } from "vitest";
import { nullLogger } from "../../../src/observe/index.ts";
import type { LogFields, Logger } from "../../../src/observe/index.ts";
import { Storage } from "../../../src/storage/index.ts";
import type { RecoveryTarget, SnapshotDigest, StorageOptions } from "../../../src/storage/index.ts";
import {
  JuteWriter,
  OpCode,
  encodeSnapshotBody,
  payloadZxid,
  writeTxn,
} from "../../../src/wire/index.ts";
import type { Acl, SnapshotNode, SnapshotSink, SnapshotSource } from "../../../src/wire/index.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/**
 * As `temporaryFolder()`, but in memory where the system has such a place: for tests that sync
 * thousands of times.
 */
export function memoryFolder(): string {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return temporaryFolder();
  const folder = mkdtempSync(path.join(memory, "ensemble-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Files that a real server wrote: see the README there. */
export const fixtureFolder = path.join(
  import.meta.dirname,
  "../../fixtures/storage/apache-3.9.5/version-2",
);

export function fixtureNames(prefix: string): string[] {
  return readdirSync(fixtureFolder).filter((name) => name.startsWith(prefix));
}

export function readFixture(name: string): Buffer {
  return readFileSync(path.join(fixtureFolder, name));
}

/** A setData transaction; `dataBytes` of data tell one from the next. */
export function payloadOf(zxid: bigint, dataBytes = 8): Buffer {
  const writer = new JuteWriter();
  const header = { clientId: 7n, cxid: 1, zxid, timeMs: 1_700_000_000_000, type: OpCode.setData };
  const data = Buffer.alloc(dataBytes, 0x61 + Number(zxid % 26n));
  writeTxn(writer, header, { type: OpCode.setData, path: "/a", data, version: 1 }, null);
  return writer.takeCopy();
}

/** A snapshot's contents as plain lists. */
export class PlainTree implements SnapshotSource, SnapshotSink {
  readonly #sessions: [bigint, number][] = [];
  readonly #acls: [number, readonly Acl[]][] = [];
  readonly #nodes: SnapshotNode[] = [];

  sessions(): [bigint, number][] {
    return this.#sessions;
  }
  acls(): [number, readonly Acl[]][] {
    return this.#acls;
  }
  nodes(): SnapshotNode[] {
    return this.#nodes;
  }
  session(sessionId: bigint, timeoutMs: number): void {
    this.#sessions.push([sessionId, timeoutMs]);
  }
  acl(index: number, acl: readonly Acl[]): void {
    this.#acls.push([index, acl]);
  }
  node(node: SnapshotNode): void {
    // The data is the decoder's again after the call.
    this.#nodes.push({ ...node, data: node.data === null ? null : Buffer.from(node.data) });
  }
}

/** A snapshot body of the root and `count` nodes with some data. */
export function bodyOf(count: number, chunkBytes = 256): Generator<Buffer> {
  const tree = new PlainTree();
  const stat = {
    czxid: 1n,
    mzxid: 1n,
    ctimeMs: 1,
    mtimeMs: 1,
    version: 0,
    cversion: 0,
    aversion: 0,
    ephemeralOwner: 0n,
    pzxid: 1n,
  };
  for (let index = 0; index <= count; index++) {
    const name = index === 0 ? "" : `/node-${index}`;
    tree.node({ path: name, data: Buffer.alloc(20, index), aclIndex: -1, stat });
  }
  return encodeSnapshotBody(tree, chunkBytes);
}

/** Remembers what recovery brings. */
export class RememberingTarget implements RecoveryTarget {
  snapshotZxid: bigint | null = null;
  digest: SnapshotDigest | null = null;
  tree = new PlainTree();
  zxids: bigint[] = [];
  payloads: Buffer[] = [];

  beginSnapshot(): ReturnType<RecoveryTarget["beginSnapshot"]> {
    this.tree = new PlainTree();
    return {
      sink: this.tree,
      finish: (zxid, digest) => {
        this.snapshotZxid = zxid;
        this.digest = digest;
      },
    };
  }

  replay(payload: Buffer): void {
    this.zxids.push(payloadZxid(payload));
    this.payloads.push(payload);
  }
}

/** Keeps the messages of warnings. */
export class WarningLogger implements Logger {
  readonly warnings: { message: string; fields: LogFields | undefined }[] = [];
  debug(): void {
    // Only warnings count.
  }
  info(): void {
    // Only warnings count.
  }
  error(): void {
    // Only warnings count.
  }
  warn(message: string, fields?: LogFields): void {
    this.warnings.push({ message, fields });
  }
  child(): Logger {
    return this;
  }
}

export function optionsFor(
  folder: string,
  overrides: Partial<StorageOptions> = {},
): StorageOptions {
  return {
    dataDir: folder,
    dataLogDir: folder,
    logger: nullLogger,
    preAllocBytes: 8192,
    snapRetainCount: 3,
    trustEmpty: false,
    forceSync: true,
    ...overrides,
  };
}

/** Opens a storage and closes it when the test ends. */
export async function openStorage(
  folder: string,
  overrides: Partial<StorageOptions> = {},
): Promise<Storage> {
  const storage = await Storage.open(optionsFor(folder, overrides));
  onTestFinished(() => storage.close());
  return storage;
}

/** A recovered storage with its initial snapshot. */
export async function freshStorage(
  folder: string,
  overrides: Partial<StorageOptions> = {},
): Promise<Storage> {
  const storage = await openStorage(folder, overrides);
  await storage.recover(new RememberingTarget(), 0);
  await storage.writeSnapshot(bodyOf(1), { lastProcessedZxid: 0n });
  return storage;
}

export async function appendAll(storage: Storage, zxids: readonly bigint[]): Promise<void> {
  for (const zxid of zxids) storage.append(zxid, payloadOf(zxid));
  await storage.sync();
}

/** What a server that starts on `folder` finds there. */
export async function recoverFrom(
  folder: string,
  overrides: Partial<StorageOptions> = {},
  recentCount = 500,
) {
  const storage = await Storage.open(optionsFor(folder, overrides));
  try {
    const target = new RememberingTarget();
    return { target, state: await storage.recover(target, recentCount) };
  } finally {
    await storage.close();
  }
}

/** Zxids `[from, to]`. */
export function range(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index));
}

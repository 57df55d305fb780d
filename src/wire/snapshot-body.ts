/**
 * The body of a snapshot: sessions, ACL table, nodes (ZooKeeper 3.9 `SerializeUtils`,
 * `DataTree.serialize`). The same bytes follow a SNAP packet on the quorum port and stand between
 * header and seals in a snapshot file. The encoder asks a source for its parts and yields chunks,
 * so that a large tree can be written in slices while it lives on; the decoder takes chunks as
 * they come and feeds a sink.
 */
import { JuteReader } from "./jute-reader.ts";
import { JuteWriter } from "./jute-writer.ts";
import { readAcl, readStatPersisted, writeAcl, writeStatPersisted } from "./records.ts";
import type { Acl, StatPersisted } from "./records.ts";
import { WireError } from "./wire-error.ts";

/** A node as a snapshot keeps it. The root's path is "". `aclIndex` -1 means `openAcl`. */
export interface SnapshotNode {
  readonly path: string;
  readonly data: Buffer | null;
  readonly aclIndex: number;
  readonly stat: Readonly<StatPersisted>;
}

/** What a tree offers to whoever writes it down. Iteration may be spread over many turns. */
export interface SnapshotSource {
  /** Global sessions and their timeouts in milliseconds. */
  sessions(): readonly (readonly [sessionId: bigint, timeoutMs: number])[];
  /** ACLs by index; indexes are positive. */
  acls(): readonly (readonly [index: number, acl: readonly Acl[]])[];
  /** Nodes, parents before their children, the root first with path "". */
  nodes(): Iterable<SnapshotNode>;
}

/** What takes in a snapshot, in the order of the methods. */
export interface SnapshotSink {
  session(sessionId: bigint, timeoutMs: number): void;
  acl(index: number, acl: readonly Acl[]): void;
  /** The node's data is valid during the call only. */
  node(node: SnapshotNode): void;
}

/** Encodes a snapshot body; yields whenever about `chunkBytes` have gathered. */
export function* encodeSnapshotBody(
  source: SnapshotSource,
  chunkBytes: number = 16 * 1024,
): Generator<Buffer, void, undefined> {
  const writer = new JuteWriter(chunkBytes + 4096);
  const sessions = source.sessions();
  writer.writeInt(sessions.length);
  for (const [sessionId, timeoutMs] of sessions) {
    writer.writeLong(sessionId);
    writer.writeInt(timeoutMs);
  }
  const acls = source.acls();
  writer.writeInt(acls.length);
  for (const [index, acl] of acls) {
    writer.writeLongNumber(index);
    writeAcl(writer, acl);
    if (writer.length >= chunkBytes) yield writer.takeCopy();
  }
  for (const node of source.nodes()) {
    writer.writeString(node.path);
    writer.writeBuffer(node.data);
    writer.writeLongNumber(node.aclIndex);
    writeStatPersisted(writer, node.stat);
    if (writer.length >= chunkBytes) yield writer.takeCopy();
  }
  writer.writeString("/");
  yield writer.takeCopy();
}

type Stage = "session-count" | "session" | "acl-count" | "acl" | "node" | "done";

/**
 * Decodes a snapshot body that comes in chunks. `push` returns the bytes that follow the body once
 * it has ended, and null until then.
 */
export class SnapshotBodyDecoder {
  readonly #sink: SnapshotSink;
  #stage: Stage = "session-count";
  #left = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(sink: SnapshotSink) {
    this.#sink = sink;
  }

  /**
   * Takes the next bytes; `chunk` is the caller's again afterwards, but for what is returned of it.
   * @throws WireError when the bytes cannot be a snapshot.
   */
  push(chunk: Buffer): Buffer | null {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const reader = new JuteReader(bytes);
    let consumed = 0;
    while (this.#stage !== "done") {
      if (!this.#tryItem(reader)) break;
      consumed = reader.offset;
    }
    const rest = bytes.subarray(consumed);
    if (this.#stage === "done") return rest;
    // The caller may fill its chunk again.
    this.#rest = Buffer.from(rest);
    return null;
  }

  /** Reads one item; false when it is not whole yet. */
  #tryItem(reader: JuteReader): boolean {
    try {
      this.#readItem(reader);
      return true;
    } catch (error) {
      if (error instanceof WireError && error.code === "truncated") return false;
      throw error;
    }
  }

  #readItem(reader: JuteReader): void {
    switch (this.#stage) {
      case "session-count":
        this.#begin("session", reader.readInt());
        break;
      case "session": {
        const sessionId = reader.readLong();
        this.#sink.session(sessionId, reader.readInt());
        this.#countDown("acl-count");
        break;
      }
      case "acl-count":
        this.#begin("acl", reader.readInt());
        break;
      case "acl": {
        const index = reader.readLongNumber();
        this.#sink.acl(index, readAcl(reader) ?? []);
        this.#countDown("node");
        break;
      }
      case "node":
        this.#readNode(reader);
        break;
      case "done":
        break;
    }
  }

  #begin(stage: "session" | "acl", count: number): void {
    if (count < 0) throw new WireError("bad-length", `Cannot decode snapshot: count ${count}`);
    this.#left = count + 1;
    this.#stage = stage;
    this.#countDown(stage === "session" ? "acl-count" : "node");
  }

  #countDown(next: Stage): void {
    this.#left -= 1;
    if (this.#left === 0) this.#stage = next;
  }

  #readNode(reader: JuteReader): void {
    const path = reader.readRequiredString("node path");
    if (path === "/") {
      this.#stage = "done";
      return;
    }
    const data = reader.readBuffer();
    const aclIndex = reader.readLongNumber();
    const stat = readStatPersisted(reader);
    this.#sink.node({ path, data, aclIndex, stat });
  }
}

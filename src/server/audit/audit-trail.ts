/**
 * Who changed what: follows the writes of the clients that are connected to this server from their
 * request, which says what was wanted by whom, to their transaction, which says what came of it,
 * and records both as ZooKeeper 3.9's `AuditHelper` does. Deletions of a closed session's ephemeral
 * nodes are recorded by every server, under the name of the user who runs it.
 */
import {
  CreateMode,
  JuteReader,
  OpCode,
  WireError,
  formatHex,
  isCreateOp,
  readCreateRequest,
  readMultiRequest,
  readPathRequest,
  readSetAclRequest,
} from "../../wire/index.ts";
import type { DecodedTxn, Id, SingleTxn } from "../../wire/index.ts";
import type { TxnResult } from "../../tree/index.ts";
import { formatAcl, formatUsers } from "./audit-record.ts";
import type { AuditRecord } from "./audit-record.ts";

/** Takes records; must not block. */
export interface AuditSink {
  write(record: AuditRecord): void;
  /** Resolves when everything is written; nothing may be written after the call. */
  close(): Promise<void>;
}

/** Whose request it is. */
export interface AuditedClient {
  readonly sessionId: bigint;
  readonly authInfo: readonly Id[];
}

export interface AuditedRequest {
  readonly xid: number;
  readonly type: number;
  /** Valid during the call only. */
  readonly body: Buffer;
}

/** What a request wanted. */
interface Wish {
  readonly operation: string;
  readonly path?: string;
  readonly znodeType?: string | undefined;
  readonly acl?: string | undefined;
  /** Of a multi: what the creates in it want, by their place; undefined for other operations. */
  readonly znodeTypes?: readonly (string | undefined)[];
}

interface Entry extends Wish {
  readonly xid: number;
  readonly session: string;
  readonly user: string | undefined;
  readonly ip: string | undefined;
}

const operations: ReadonlyMap<number, string> = new Map([
  [OpCode.create, "create"],
  [OpCode.create2, "create"],
  [OpCode.createContainer, "create"],
  [OpCode.createTTL, "create"],
  [OpCode.delete, "delete"],
  [OpCode.deleteContainer, "delete"],
  [OpCode.setData, "setData"],
  [OpCode.setACL, "setAcl"],
  [OpCode.multi, "multiOperation"],
  [OpCode.reconfig, "reconfig"],
]);

/** ZooKeeper's names of the modes, in lower case, by their number. */
const znodeTypes: readonly string[] = Object.entries(CreateMode)
  .sort(([, a], [, b]) => a - b)
  .map(([name]) => name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`));

export class AuditTrail {
  readonly #sink: AuditSink;
  readonly #serverUser: string;
  /** Requests without their transaction yet, by session, oldest first. */
  readonly #pending = new Map<bigint, Entry[]>();

  /** @param serverUser name of the user who runs the server. */
  constructor(sink: AuditSink, serverUser: string) {
    this.#sink = sink;
    this.#serverUser = serverUser;
  }

  serverStarted(): void {
    this.#serverEvent("serverStart", "success");
  }

  serverFailed(): void {
    this.#serverEvent("serverStart", "failure");
  }

  serverStopping(): void {
    this.#serverEvent("serverStop", "invoked");
  }

  /** A client's write is on its way into the log. */
  submitted({ sessionId, authInfo }: AuditedClient, { xid, type, body }: AuditedRequest): void {
    const operation = operations.get(type);
    if (operation === undefined) return;
    const entry: Entry = {
      ...readWish(type, operation, body),
      xid,
      session: formatHex(sessionId),
      user: formatUsers(authInfo),
      ip: authInfo.find(({ scheme }) => scheme === "ip")?.id,
    };
    const entries = this.#pending.get(sessionId);
    if (entries === undefined) this.#pending.set(sessionId, [entry]);
    else entries.push(entry);
  }

  /** A transaction has become part of the tree. */
  applied({ header, txn }: DecodedTxn, result: TxnResult): void {
    const { clientId, cxid } = header;
    if (txn.type === OpCode.closeSession) {
      this.#sessionClosed(clientId, txn.paths ?? []);
      return;
    }
    const entry = this.#take(clientId, cxid);
    if (entry === undefined) return;
    if (txn.type === OpCode.multi) this.#multiApplied(entry, txn.txns, result);
    else this.#record(entry, entry, { path: pathOf(txn) ?? entry.path, err: result.err });
  }

  /** What was on its way is on its way no longer, and what becomes of it is for others to see. */
  reset(): void {
    this.#pending.clear();
  }

  /** Resolves when everything is written; to be called last. */
  close(): Promise<void> {
    return this.#sink.close();
  }

  #take(sessionId: bigint, xid: number): Entry | undefined {
    const entries = this.#pending.get(sessionId);
    if (entries === undefined) return undefined;
    const index = entries.findIndex((entry) => entry.xid === xid);
    if (index === -1) return undefined;
    // Transactions of a session come in the order of its requests: the ones before got none.
    const entry = entries[index];
    entries.splice(0, index + 1);
    if (entries.length === 0) this.#pending.delete(sessionId);
    return entry;
  }

  #multiApplied(entry: Entry, txns: readonly SingleTxn[], { results = [] }: TxnResult): void {
    if (results.some(({ type }) => type === OpCode.error)) {
      this.#record(entry, entry, { path: undefined, err: -1 });
      return;
    }
    for (const [index, txn] of txns.entries()) {
      const operation = operations.get(txn.type);
      // Checks are not recorded, nor, by ZooKeeper, what else a multi may hold one day.
      if (operation === undefined || operation === "setAcl") continue;
      const wish = { operation, znodeType: entry.znodeTypes?.[index] };
      this.#record(entry, wish, { path: pathOf(txn), err: 0 });
    }
  }

  #sessionClosed(sessionId: bigint, paths: readonly string[]): void {
    this.#pending.delete(sessionId);
    for (const znode of paths) {
      this.#sink.write({
        session: formatHex(sessionId),
        user: this.#serverUser,
        operation: "ephemeralZNodeDeletionOnSessionCloseOrExpire",
        znode,
        result: "success",
      });
    }
  }

  #record(
    { session, user, ip }: Entry,
    { operation, znodeType, acl }: Wish,
    { path, err }: { readonly path: string | undefined; readonly err: number },
  ): void {
    const result = err === 0 ? "success" : "failure";
    this.#sink.write({ session, user, ip, operation, znode: path, znodeType, acl, result });
  }

  #serverEvent(operation: string, result: AuditRecord["result"]): void {
    this.#sink.write({ user: this.#serverUser, operation, result });
  }
}

/** What a body that cannot be read wanted is not known; it fails anyway. */
function readWish(type: number, operation: string, body: Buffer): Wish {
  const reader = new JuteReader(body);
  try {
    if (isCreateOp(type)) {
      const { path, flags } = readCreateRequest(reader, type === OpCode.createTTL);
      return { operation, path, znodeType: znodeTypes[flags] };
    }
    if (type === OpCode.setACL) {
      const { path, acl } = readSetAclRequest(reader);
      return { operation, path, acl: formatAcl(acl ?? []) };
    }
    if (type === OpCode.multi) {
      const modes = readMultiRequest(reader).map((op) => {
        return "flags" in op.request ? znodeTypes[op.request.flags] : undefined;
      });
      return { operation, znodeTypes: modes };
    }
    if (type === OpCode.reconfig) return { operation };
    return { operation, path: readPathRequest(reader) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { operation };
  }
}

function pathOf(txn: SingleTxn): string | undefined {
  return "path" in txn ? txn.path : undefined;
}

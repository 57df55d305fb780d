/**
 * The client: ZooKeeper's operations as typed promises, over one session that finds its way from
 * server to server by itself (ZooKeeper 3.9 client protocol). Requests are carried out in the order
 * in which they are made, also when none is awaited. A connection that is lost fails the requests
 * on their way with `connectionLoss`; later ones wait for the next server. Watches survive that; a
 * session that has expired does not come back: make a new client.
 */
import {
  OpCode,
  readAcl,
  readMultiResponse,
  readStat,
  writeCreateRequest,
  writeMultiRequest,
  writePathVersionRequest,
  writeReadRequest,
  writeReconfigRequest,
  writeSetAclRequest,
  writeSetDataRequest,
} from "../wire/index.ts";
import type { Acl, JuteReader, JuteWriter, Stat } from "../wire/index.ts";
import { Caller } from "./caller.ts";
import type { CallWithoutBody, StateListener } from "./caller.ts";
import type {
  ClientOptions,
  CreateOptions,
  ReadOptions,
  ReconfigureOptions,
  RequestOptions,
} from "./client-options.ts";
import { configPath, encodeChange, readEnsembleConfig } from "./reconfiguration.ts";
import type { EnsembleConfig, MembershipChange } from "./reconfiguration.ts";
import type { SessionState } from "./session-request.ts";
import {
  checkPath,
  decodeTransaction,
  encodeCreate,
  encodeData,
  encodeTransaction,
} from "./transaction.ts";
import type { NodeData, TransactionOp, TransactionResult } from "./transaction.ts";
import type { WatchRegistration } from "./watch-table.ts";
import { ZkError } from "./zk-error.ts";

/** A node's data (null only when it was made without any) and Stat. */
export interface DataAndStat {
  readonly data: Buffer | null;
  readonly stat: Stat;
}

/** The names (not paths) of a node's children, in no particular order, and its Stat. */
export interface ChildrenAndStat {
  readonly children: string[];
  readonly stat: Stat;
}

/** A node's access control list and Stat. */
export interface AclAndStat {
  readonly acl: Acl[];
  readonly stat: Stat;
}

/** An identity that a server has given this client. */
export interface ClientIdentity {
  readonly scheme: string;
  readonly user: string;
}

/** A client of an ensemble. Its methods reject with `ZkError`, or with their signal's reason. */
export class EnsembleClient {
  readonly #caller: Caller;

  /**
   * Begins to look for a server at once; requests may be made before one is found.
   *
   * @param connectString `host:port,host:port/chroot`.
   * @throws ZkError `badArguments` for a malformed connection string.
   */
  constructor(connectString: string, options: ClientOptions = {}) {
    this.#caller = new Caller(connectString, options);
  }

  /**
   * Makes a client and waits until it has a session.
   *
   * @throws ZkError `connectionLoss` when no server accepts one within `firstConnectTimeoutMs`;
   *     `authFailed` when the credentials are refused.
   * @throws ZkError `badArguments` for a malformed connection string.
   */
  static async connect(
    connectString: string,
    options: ClientOptions = {},
  ): Promise<EnsembleClient> {
    const client = new EnsembleClient(connectString, options);
    await client.#caller.whenConnected();
    return client;
  }

  get state(): SessionState {
    return this.#caller.session.state;
  }

  /** 0 until the first connection. */
  get sessionId(): bigint {
    return this.#caller.session.sessionId;
  }

  /** As the ensemble granted it; until the first connection as asked for. */
  get sessionTimeoutMs(): number {
    return this.#caller.session.timeoutMs;
  }

  /** Whether the server that the client is on takes no writes. */
  get serverIsReadOnly(): boolean {
    return this.#caller.session.serverIsReadOnly;
  }

  /** The highest zxid that this client was told of; no server behind it will be used. */
  get lastZxidSeen(): bigint {
    return this.#caller.session.lastZxidSeen;
  }

  /** Calls `listener` with every new state; the returned function ends that. */
  onState(listener: StateListener): () => void {
    return this.#caller.onState(listener);
  }

  /** Creates a node; resolves with its path, which a sequential mode makes longer. */
  async create(path: string, data: NodeData = "", options: CreateOptions = {}): Promise<string> {
    return (await this.#create(path, { data, options, wantsStat: false })).path;
  }

  /** As `create`, and also resolves with the node's Stat. */
  async createWithStat(
    path: string,
    data: NodeData = "",
    options: CreateOptions = {},
  ): Promise<{ readonly path: string; readonly stat: Stat }> {
    const made = await this.#create(path, { data, options, wantsStat: true });
    if (made.stat !== null) return { path: made.path, stat: made.stat };
    const reason = "the reply has no stat";
    throw ZkError.because("marshallingError", "create", { path, reason });
  }

  /** Deletes a node without children. @param version -1 matches any. */
  async delete(path: string, version = -1, options: RequestOptions = {}): Promise<void> {
    const parts = { op: OpCode.delete, action: "delete", path, read: readNothing };
    await this.#callPath(parts, options, (writer, serverPath) => {
      writePathVersionRequest(writer, { path: serverPath, version });
    });
  }

  /** The node's Stat, or null when it does not exist; a watch then fires when it is created. */
  async exists(path: string, options: ReadOptions = {}): Promise<Stat | null> {
    const recover = (failure: ZkError): null | undefined =>
      failure.code === "noNode" ? null : undefined;
    const parts = { op: OpCode.exists, action: "look for", path, read: readStat, recover };
    return this.#read<Stat | null>(parts, options, "data");
  }

  /** The node's data and Stat; a watch fires when the data changes or the node goes. */
  async getData(path: string, options: ReadOptions = {}): Promise<DataAndStat> {
    const parts = { op: OpCode.getData, action: "get data of", path, read: readDataAndStat };
    return this.#read(parts, options, "data");
  }

  /** Replaces the node's data. @param version -1 matches any. */
  async setData(
    path: string,
    data: NodeData,
    version = -1,
    options: RequestOptions = {},
  ): Promise<Stat> {
    const parts = { op: OpCode.setData, action: "set data of", path, read: readStat };
    return this.#callPath(parts, options, (writer, serverPath) => {
      writeSetDataRequest(writer, { path: serverPath, data: encodeData(data), version });
    });
  }

  /** The node's children; a watch fires when one comes or goes, or the node itself goes. */
  async getChildren(path: string, options: ReadOptions = {}): Promise<ChildrenAndStat> {
    const action = "list children of";
    const parts = { op: OpCode.getChildren2, action, path, read: readChildrenAndStat };
    return this.#read(parts, options, "child");
  }

  async getAcl(path: string, options: RequestOptions = {}): Promise<AclAndStat> {
    const parts = { op: OpCode.getACL, action: "get the ACL of", path, read: readAclAndStat };
    return this.#callPath(parts, options, (writer, serverPath) => {
      writer.writeString(serverPath);
    });
  }

  /** Replaces the access control list. @param version the `aversion` expected; -1 matches any. */
  async setAcl(
    path: string,
    acl: readonly Acl[],
    version = -1,
    options: RequestOptions = {},
  ): Promise<Stat> {
    const parts = { op: OpCode.setACL, action: "set the ACL of", path, read: readStat };
    return this.#callPath(parts, options, (writer, serverPath) => {
      writeSetAclRequest(writer, { path: serverPath, acl, version });
    });
  }

  /**
   * Carries out all operations, or none.
   *
   * @throws MultiError with a code per operation when one of them fails.
   */
  async multi(
    ops: readonly TransactionOp[],
    options: RequestOptions = {},
  ): Promise<TransactionResult[]> {
    const encoded = encodeTransaction(ops, this.#caller.chroot);
    const parts = { op: OpCode.multi, action: "commit multi", read: readMultiResponse };
    const results = await this.#caller.call(parts, options, (writer) => {
      writeMultiRequest(writer, encoded);
    });
    return decodeTransaction(ops, results, this.#caller.chroot);
  }

  /** Resolves when this client's server has applied all writes that were committed before. */
  async sync(path = "/", options: RequestOptions = {}): Promise<void> {
    const parts = { op: OpCode.sync, action: "sync", path, read: readNothing };
    await this.#callPath(parts, options, (writer, serverPath) => {
      writer.writeString(serverPath);
    });
  }

  /** The ensemble's configuration in force; a watch fires when there is another one. */
  async getConfig(options: ReadOptions = {}): Promise<EnsembleConfig> {
    const { watch: watcher } = options;
    const path = configPath;
    const watch = watcher === undefined ? undefined : { kind: "data" as const, path, watcher };
    const action = "get the configuration";
    const parts = { op: OpCode.getData, action, watch, read: readEnsembleConfig };
    return this.#caller.call(parts, options, (writer) => {
      writeReadRequest(writer, { path, watch: watch !== undefined });
    });
  }

  /**
   * Changes who the ensemble's members are; resolves with the configuration that is in force then.
   * The servers must have `reconfigEnabled=true`, and this client write access to
   * `/zookeeper/config`, as `super` has.
   *
   * @throws ZkError `badArguments`, `badVersion`, `newConfigNoQuorum`, `reconfigInProgress`,
   *     `reconfigDisabled` or `noAuth`; nothing has changed then.
   */
  async reconfigure(
    change: MembershipChange,
    options: ReconfigureOptions = {},
  ): Promise<EnsembleConfig> {
    const request = encodeChange(change, options.fromVersion ?? -1n);
    const parts = { op: OpCode.reconfig, action: "reconfigure", read: readEnsembleConfig };
    return this.#caller.call(parts, options, (writer) => {
      writeReconfigRequest(writer, request);
    });
  }

  /** The identities that the server knows this client by. */
  async whoAmI(options: RequestOptions = {}): Promise<ClientIdentity[]> {
    const parts = { op: OpCode.whoAmI, action: "ask for identities", read: readIdentities };
    return this.#caller.call(parts, options, () => undefined);
  }

  /**
   * Presents further credentials, now and after every reconnect; resolves when a server has
   * accepted them. A refusal ends the session (`authFailed`).
   */
  addAuth(scheme: string, auth: string | Uint8Array): Promise<void> {
    return this.#caller.addAuth(scheme, auth);
  }

  /**
   * Ends the session after the requests made so far; its ephemeral nodes go. Resolves when the
   * server has confirmed it or cannot be reached; never rejects.
   */
  close(): Promise<void> {
    return this.#caller.close();
  }

  #create(
    path: string,
    { data, options, wantsStat }: { data: NodeData; options: CreateOptions; wantsStat: boolean },
  ): Promise<{ path: string; stat: Stat | null }> {
    const { chroot } = this.#caller;
    const node = { ...options, type: "create" as const, path, data };
    const { type, request } = encodeCreate(node, chroot, wantsStat);
    const read = (reader: JuteReader): { path: string; stat: Stat | null } => {
      const made = chroot.toClient(reader.readRequiredString("created path"));
      return { path: made, stat: type === OpCode.create ? null : readStat(reader) };
    };
    return this.#caller.call({ op: type, action: "create", path, read }, options, (writer) => {
      writeCreateRequest(writer, request);
    });
  }

  #read<T>(
    parts: CallWithoutBody<T> & { readonly path: string },
    options: ReadOptions,
    kind: WatchRegistration["kind"],
  ): Promise<T> {
    const { watch: watcher } = options;
    const path = this.#caller.chroot.toServer(parts.path);
    const watch = watcher === undefined ? undefined : { kind, path, watcher };
    return this.#callPath({ ...parts, watch }, options, (writer, serverPath) => {
      writeReadRequest(writer, { path: serverPath, watch: watch !== undefined });
    });
  }

  #callPath<T>(
    parts: CallWithoutBody<T> & { readonly path: string },
    options: RequestOptions,
    write: (writer: JuteWriter, serverPath: string) => void,
  ): Promise<T> {
    checkPath(parts.action, parts.path);
    const serverPath = this.#caller.chroot.toServer(parts.path);
    return this.#caller.call(parts, options, (writer) => {
      write(writer, serverPath);
    });
  }
}

function readNothing(): void {
  // The reply says nothing that the caller does not know.
}

function readDataAndStat(reader: JuteReader): DataAndStat {
  const view = reader.readBuffer();
  return { data: view === null ? null : Buffer.from(view), stat: readStat(reader) };
}

function readChildrenAndStat(reader: JuteReader): ChildrenAndStat {
  const children = reader.readVector((r) => r.readRequiredString("child name"), 4) ?? [];
  return { children, stat: readStat(reader) };
}

function readAclAndStat(reader: JuteReader): AclAndStat {
  return { acl: readAcl(reader) ?? [], stat: readStat(reader) };
}

function readIdentities(reader: JuteReader): ClientIdentity[] {
  const readOne = (r: JuteReader): ClientIdentity => {
    const scheme = r.readString() ?? "";
    return { scheme, user: r.readString() ?? "" };
  };
  return reader.readVector(readOne, 8) ?? [];
}

/**
 * The one history that all servers are to share, put together from what they make of their trees
 * while they serve. A transaction is decided as soon as a server in service has applied it: that is
 * when clients are told, so from then on it must be in the history of every server that serves. The
 * model is fed with it in this order. Checked here: prefixes agree, nothing decided is lost, one
 * leader per epoch, every transaction is what some client asked for, once.
 */
import type { DataTree } from "../../../src/tree/index.ts";
import { ErrorCode, JuteWriter, OpCode, formatHex, writeTxn } from "../../../src/wire/index.ts";
import type { Txn, TxnHeader } from "../../../src/wire/index.ts";
import { Violation } from "../violation.ts";
import { ModelMembers, votersOf } from "./model-members.ts";
import { ModelTree } from "./model-tree.ts";
import type { Outcome } from "./model-tree.ts";
import { QuorumChecker } from "./quorum-checker.ts";
import { showRequest } from "./request.ts";
import type { MemberRequest, Roles, WriteRequest } from "./request.ts";

/** A transaction as one server applied it. */
interface Applied {
  readonly header: TxnHeader;
  readonly txn: Txn;
  /** What the tree had before. */
  readonly after: bigint;
}

interface Asked {
  readonly request: WriteRequest;
  /** The write that went before it on its connection, by xid; 0 for the first one. */
  readonly afterXid: number;
}

interface Decided {
  readonly index: number;
  readonly bytes: Buffer;
}

/** Who wants to know of the ends of sessions, and of what may delay their signs of life. */
export interface SessionWatcher {
  /** A fault came or went, or a server may have got another leader. */
  disturbed(): void;
  /** A session ended that its client had not closed. @throws Violation when it should live. */
  expired(sessionId: bigint, zxid: bigint): void;
}

export class History {
  readonly model = new ModelTree();
  readonly members: ModelMembers;
  readonly quorums = new QuorumChecker();
  readonly #decided = new Map<bigint, Decided>();
  readonly #order: bigint[] = [0n];
  /** Every transaction that some tree has taken in, by zxid, with its closest predecessor. */
  readonly #seen = new Map<bigint, Applied>();
  /** What a tree has taken in and nobody has decided yet, as far as is known. */
  readonly #pending = new WeakMap<DataTree, Applied[]>();
  readonly #leaders = new Map<number, string>();
  /** What clients asked for, by session and xid. */
  readonly #asked = new Map<bigint, Map<number, Asked>>();
  /** What it came to. */
  readonly #outcomes = new Map<bigint, Outcome>();
  readonly #sessionWatcher: SessionWatcher;
  /** The newest request of each session that was decided. */
  readonly #lastXids = new Map<bigint, number>();
  /** The newest one that was refused for coming from where the session is no more. */
  readonly #refusedXids = new Map<bigint, number>();
  readonly #writer = new JuteWriter(1024);

  /** @param first the members at the start. */
  constructor(first: Roles, sessionWatcher: SessionWatcher) {
    this.members = new ModelMembers(first);
    this.#sessionWatcher = sessionWatcher;
  }

  /** The newest decided transaction. */
  get newestZxid(): bigint {
    return this.#order[this.#order.length - 1]!;
  }

  get count(): number {
    return this.#order.length - 1;
  }

  get epochCount(): number {
    return this.#leaders.size;
  }

  asks(sessionId: bigint, xid: number, asked: Asked): void {
    let requests = this.#asked.get(sessionId);
    if (requests === undefined) {
      requests = new Map();
      this.#asked.set(sessionId, requests);
    }
    requests.set(xid, asked);
  }

  outcomeOf(zxid: bigint): Outcome | undefined {
    return this.#outcomes.get(zxid);
  }

  /** A tree has taken a transaction in; nobody may know yet whether it is decided. */
  applied(tree: DataTree, after: bigint, header: TxnHeader, txn: Txn): void {
    let pending = this.#pending.get(tree);
    if (pending === undefined) {
      pending = [];
      this.#pending.set(tree, pending);
    }
    const one: Applied = { header, txn, after };
    pending.push(one);
    const { zxid } = header;
    if (after < zxid && after >= (this.#seen.get(zxid)?.after ?? 0n)) this.#seen.set(zxid, one);
  }

  /** All that a tree has taken in is decided: its server serves. */
  serves(tree: DataTree, who: string): void {
    const pending = this.#pending.get(tree) ?? [];
    this.#decideUpTo(pending[0]?.after ?? tree.lastProcessedZxid, who);
    for (const applied of pending) this.#decide(applied, who);
    pending.length = 0;
  }

  /**
   * What a tree had from a snapshot is decided, too. No server in service may have applied it: the
   * leader that logged it can be gone before its epoch is established, and whoever got a snapshot
   * from it can lead the next one.
   */
  #decideUpTo(zxid: bigint, who: string): void {
    const missing: Applied[] = [];
    for (let at = zxid; at > this.newestZxid;) {
      const one = this.#seen.get(at);
      if (one === undefined) break;
      missing.push(one);
      at = one.after;
    }
    for (const applied of missing.reverse()) this.#decide(applied, who);
  }

  /** A server leads and serves. */
  leads(epoch: number, sid: bigint, who: string): void {
    const voters = votersOf(this.members.newest.roles);
    if (!voters.includes(sid)) {
      throw new Violation("leaders are voters", `${who} leads voters ${voters.join(" ")}`);
    }
    const before = this.#leaders.get(epoch);
    if (before !== undefined && before !== who) {
      throw new Violation("one leader per epoch", `${before} and ${who} lead epoch ${epoch}`);
    }
    this.#leaders.set(epoch, who);
  }

  #decide(applied: Applied, who: string): void {
    const { header, after, txn } = applied;
    const { zxid } = header;
    this.#writer.rewind(0);
    writeTxn(this.#writer, header, txn, null);
    const known = this.#decided.get(zxid);
    if (known !== undefined) {
      // A snapshot may have had it already: then it is applied once more.
      if (!known.bytes.equals(this.#writer.peek())) {
        throw new Violation("committed prefixes agree", `${who} has another ${formatHex(zxid)}`);
      }
      this.#expectNoGap(known.index, after, who, zxid);
      return;
    }
    const { newestZxid } = this;
    if (after < newestZxid) {
      const text =
        `${who} serves ${formatHex(zxid)} after ${formatHex(after)}, ` +
        `without the decided ${formatHex(newestZxid)}`;
      throw new Violation("acknowledged writes survive", text);
    }
    this.#decided.set(zxid, { index: this.#order.length, bytes: this.#writer.takeCopy() });
    this.#order.push(zxid);
    this.#feed(applied, who);
    this.quorums.decided(zxid, this.members.decidersOf(zxid), who);
  }

  #expectNoGap(index: number, after: bigint, who: string, zxid: bigint): void {
    const previous = this.#order[index - 1]!;
    if (after >= previous) return;
    const text = `${who} applies ${formatHex(zxid)} after ${formatHex(after)}, without ${formatHex(previous)}`;
    throw new Violation("no gaps", text);
  }

  /** Tells the model, which has to come to the same. */
  #feed({ header, txn }: Applied, who: string): void {
    const { clientId, cxid, zxid } = header;
    if (txn.type === OpCode.createSession) {
      if (this.model.hasSession(clientId)) {
        throw new Violation("session ids are one session's", `${formatHex(clientId)} is in use`);
      }
      this.model.openSession(clientId);
      this.#lastXids.delete(clientId);
      this.#refusedXids.delete(clientId);
      return;
    }
    const asked = this.#asked.get(clientId)?.get(cxid);
    const request = asked?.request;
    if (txn.type === OpCode.closeSession && request?.kind !== "close") {
      if (this.model.hasSession(clientId)) this.#sessionWatcher.expired(clientId, zxid);
      this.model.closeSession(clientId, zxid);
      return;
    }
    if (asked === undefined || request === undefined) {
      const text = `${formatHex(zxid)}, type ${txn.type}, session ${formatHex(clientId)}, xid ${cxid}`;
      throw new Violation("transactions are asked for", text);
    }
    const err = errorOf(txn);
    if (err === ErrorCode.sessionMoved) {
      this.#outcomes.set(zxid, { err });
      this.#refusedXids.set(clientId, cxid);
      return;
    }
    this.#expectInOrder(header, asked, who);
    const outcome =
      request.kind === "reconfig"
        ? this.#changeMembers(request, header, txn)
        : this.model.apply(clientId, request, zxid);
    this.#outcomes.set(zxid, outcome);
    if (outcome.err === err || (request.kind === "close" && err === 0)) return;
    const text = `${showRequest(request)} as ${formatHex(zxid)} came to ${err}, expected ${outcome.err}`;
    throw new Violation("requests do what they say", text);
  }

  /** A reconfiguration brings what it was asked for, in words as well. */
  #changeMembers(request: MemberRequest, { clientId, zxid }: TxnHeader, txn: Txn): Outcome {
    if (!this.model.hasSession(clientId)) return { err: ErrorCode.sessionExpired };
    const err = errorOf(txn);
    const outcome = this.members.apply(request, zxid, err);
    if (outcome.err === 0) this.#sessionWatcher.disturbed();
    const text = txn.type === OpCode.reconfig ? txn.data?.toString() : undefined;
    if (err !== 0 || outcome.text === text) return outcome;
    const problem = `${showRequest(request)} makes '${text}', expected '${outcome.text}'`;
    throw new Violation("requests do what they say", problem);
  }

  /**
   * A client numbers its requests upwards: each is done once, none before an earlier one, and none
   * without those that went before it on the same connection.
   */
  #expectInOrder({ clientId, cxid, zxid }: TxnHeader, { afterXid }: Asked, who: string): void {
    const before = this.#lastXids.get(clientId) ?? 0;
    this.#lastXids.set(clientId, cxid);
    const text = `${who} does request ${cxid} of ${formatHex(clientId)} as ${formatHex(zxid)}, after ${before}`;
    if (cxid === before) throw new Violation("requests are done once", text);
    if (cxid < before) throw new Violation("requests are done in order", text);
    if (afterXid <= Math.max(before, this.#refusedXids.get(clientId) ?? 0)) return;
    throw new Violation("no request is left out", `${text}, without ${afterXid}`);
  }
}

/** Why a request was refused; 0 when it was not. */
function errorOf(txn: Txn): number {
  if (txn.type === OpCode.error) return txn.err;
  if (txn.type !== OpCode.multi) return 0;
  for (const part of txn.txns) if (part.type === OpCode.error && part.err !== 0) return part.err;
  return 0;
}

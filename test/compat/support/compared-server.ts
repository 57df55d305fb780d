/**
 * A server under comparison: carries out operations, and tells everything that its clients saw as
 * text that another server must agree on.
 */
import { JuteWriter, OpCode, Xid, openAcl, writeCreateRequest } from "../../../src/wire/index.ts";
import type { Performer } from "./comparison.ts";
import type { Place, RandomRequest } from "./random-requests.ts";
import { SESSIONS } from "./random-operations.ts";
import type { Operation } from "./random-operations.ts";
import { RawSession } from "./raw-session.ts";
import { readableEvent, readableReply } from "./readable-reply.ts";
import type { ServerView } from "./readable-reply.ts";

const NOTHING = Buffer.alloc(0);
const TIMEOUT_MS = 10_000;

export class ComparedServer implements Performer {
  readonly #port: number;
  #place: Place = { baseZxid: 0n, root: "" };
  #names = new Map<bigint, string>();
  #sessions: RawSession[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  /** Begins a run: new sessions, and a new node for all that they do. */
  async begin(root: string): Promise<void> {
    this.#names = new Map();
    this.#sessions = [];
    for (let index = 0; index < SESSIONS; index += 1) await this.#open(index);
    const writer = new JuteWriter();
    writeCreateRequest(writer, {
      path: root,
      data: null,
      acl: openAcl,
      flags: 0,
      ttlMs: undefined,
    });
    const reply = await this.#session(0).request(OpCode.create, writer.takeCopy());
    if (reply?.err !== 0) throw new Error(`Cannot create '${root}': ${reply?.err ?? "closed"}`);
    this.#place = { baseZxid: reply.zxid, root };
    await this.#heard(new Map([[reply.xid, OpCode.create]]));
  }

  /** Does `operation`; what all clients saw until each of them has heard of it. */
  async perform({ session: index, action }: Operation): Promise<string[]> {
    try {
      if (action === "reconnect") return await this.#reconnect(index);
      if (action === "new session") return await this.#newSession(index);
      const replies = await this.#send(index, action);
      const isClosed = this.#session(index).isClosed;
      return isClosed ? [...replies, ...(await this.#reconnect(index))] : replies;
    } catch (error) {
      // A server that does not answer is to be compared, too.
      return [`failed: ${String(error)}`];
    }
  }

  /** Ends the run: all its sessions. */
  async end(): Promise<void> {
    for (const session of this.#sessions) if (!session.isClosed) await session.close();
  }

  async #send(index: number, requests: readonly RandomRequest[]): Promise<string[]> {
    const session = this.#session(index);
    const types = new Map<number, number>();
    const replies = requests.map((request) => {
      const xid = xidOf(request.type) ?? session.takeXid();
      types.set(xid, request.type);
      return session.request(request.type, request.body(this.#place), xid);
    });
    const isCut = (await Promise.all(replies)).includes(null);
    return [...(await this.#heard(types)), ...(isCut ? ["closed"] : [])];
  }

  async #reconnect(index: number): Promise<string[]> {
    const old = this.#session(index).granted;
    this.#session(index).drop();
    const resumed = await RawSession.open({
      port: this.#port,
      timeoutMs: TIMEOUT_MS,
      resume: old,
    });
    this.#sessions[index] = resumed;
    const isSame = resumed.granted.sessionId === old.sessionId;
    return [...(await this.#heard()), `reconnected: ${isSame}, ${resumed.granted.timeoutMs} ms`];
  }

  /** The nodes of a session that is closed go in no defined order, and so do their events. */
  async #newSession(index: number): Promise<string[]> {
    const session = this.#session(index);
    const reply = await session.request(OpCode.closeSession, NOTHING);
    session.drop();
    await this.#open(index);
    const text = readableReply(OpCode.closeSession, reply, this.#view);
    return [...(await this.#heard()).sort(), `reply: ${text}`];
  }

  async #open(index: number): Promise<void> {
    const session = await RawSession.open({ port: this.#port, timeoutMs: TIMEOUT_MS });
    this.#sessions[index] = session;
    this.#names.set(session.granted.sessionId, `session ${this.#names.size}`);
  }

  /** What each client was sent, in its order; `types` are those of requests by their xids. */
  async #heard(types: ReadonlyMap<number, number> = new Map()): Promise<string[]> {
    // Events of what has been answered are on their way before the answer to this.
    await Promise.all(this.#sessions.map((each) => each.request(OpCode.ping, NOTHING, Xid.ping)));
    return this.#sessions.flatMap((session, index) =>
      session.frames.splice(0).flatMap((frame) => {
        if (frame.xid === Xid.ping) return [];
        const type = types.get(frame.xid);
        const text =
          type === undefined || frame.xid === Xid.notification
            ? readableEvent(frame, this.#view)
            : `reply: ${readableReply(type, frame, this.#view)}`;
        return [`session ${index}: ${text}`.replaceAll(this.#place.root, "")];
      }),
    );
  }

  #session(index: number): RawSession {
    const session = this.#sessions[index];
    if (session === undefined) throw new RangeError(`No session ${index}`);
    return session;
  }

  get #view(): ServerView {
    return { baseZxid: this.#place.baseZxid, sessions: this.#names };
  }
}

/** The xid that a request of this type must have, if any. */
function xidOf(type: number): number | undefined {
  if (type === OpCode.auth) return Xid.auth;
  return type === OpCode.setWatches || type === OpCode.setWatches2 ? Xid.setWatches : undefined;
}

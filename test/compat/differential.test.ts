/**
 * The same requests, byte by byte, to an Apache server and to ours: each reply and each
 * notification must say the same, but for times, the first zxid, and session ids.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { JuteWriter, OpCode, writeAuthPacket } from "../../src/wire/index.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { randomRequests } from "./support/random-requests.ts";
import type { RandomRequest } from "./support/random-requests.ts";
import { RawSession } from "./support/raw-session.ts";
import type { RawFrame } from "./support/raw-session.ts";
import { readableEvent, readableReply } from "./support/readable-reply.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { ServerGroup } from "./support/server-group.ts";

const REQUESTS = 400;
/** A session is closed, and another one opened in its place, once in so many requests. */
const NEW_SESSION_EVERY = 40;
const NOTHING = Buffer.alloc(0);

/** One server under comparison, with two sessions. */
class Side {
  readonly #port: number;
  readonly #names = new Map<bigint, string>();
  readonly #sessions: RawSession[] = [];
  /** The last zxid before the first session. */
  #baseZxid: bigint | undefined;

  constructor(group: ServerGroup) {
    this.#port = group.member(1).ports.client;
  }

  async open(): Promise<void> {
    await this.#open(0);
    const ping = await this.#session(0).request(OpCode.ping, NOTHING, -2);
    this.#baseZxid ??= (ping?.zxid ?? 0n) - 1n;
    await this.#open(1);
  }

  /** Sends `request`; its reply and all events until everybody has heard of it, as text. */
  async step(index: number, request: RandomRequest): Promise<string[]> {
    const xid =
      request.type === OpCode.auth ? -4 : request.type === OpCode.setWatches ? -8 : undefined;
    const reply = await this.#session(index).request(
      request.type,
      request.body(this.#view.baseZxid),
      xid,
    );
    return [...(await this.#events()), `reply: ${readableReply(request.type, reply, this.#view)}`];
  }

  /** Closes a session and opens another; nodes go in no defined order, and so do their events. */
  async replace(index: number): Promise<string[]> {
    const session = this.#session(index);
    const reply = await session.request(OpCode.closeSession, NOTHING);
    session.drop();
    await this.#open(index);
    const text = readableReply(OpCode.closeSession, reply, this.#view);
    return [...(await this.#events()).sort(), `reply: ${text}`];
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) if (!session.isClosed) await session.close();
  }

  async #open(index: number): Promise<void> {
    const session = await RawSession.open({ port: this.#port, timeoutMs: 10_000 });
    this.#sessions[index] = session;
    this.#names.set(session.granted.sessionId, `session ${this.#names.size}`);
  }

  /** What each session was told, in its order. */
  async #events(): Promise<string[]> {
    const texts: string[] = [];
    for (const [index, session] of this.#sessions.entries()) {
      // Events of what has been answered are on their way before the answer to this.
      await session.request(OpCode.ping, NOTHING, -2);
      const events = session.frames.filter((frame: RawFrame) => frame.xid === -1);
      session.frames.length = 0;
      texts.push(...events.map((event) => `session ${index}: ${readableEvent(event, this.#view)}`));
    }
    return texts;
  }

  #session(index: number): RawSession {
    const session = this.#sessions[index];
    if (session === undefined) throw new RangeError(`No session ${index}`);
    return session;
  }

  get #view(): { baseZxid: bigint; sessions: Map<bigint, string> } {
    return { baseZxid: this.#baseZxid ?? 0n, sessions: this.#names };
  }
}

await describeWithPeers(
  "Our server and Apache's, request by request",
  [installApacheZooKeeper],
  () => {
    let apache: ServerGroup;
    let ours: ServerGroup;
    let sides: readonly Side[];

    beforeAll(async () => {
      const config = { extendedTypesEnabled: true };
      apache = await ServerGroup.layOut(1, config);
      ours = await ServerGroup.layOut(1, config);
      await Promise.all([apache.start("apache"), ours.start("ensemble")]);
      sides = [new Side(apache), new Side(ours)];
    });

    afterAll(async () => {
      await Promise.all([apache.remove(), ours.remove()]);
    });

    test.each([1, 2, 3, 4, 5])("they agree on the requests of seed %i", async (seed) => {
      for (const side of sides) await side.open();
      const requests = randomRequests(seed);
      const history: string[] = [];
      for (let count = 1; count <= REQUESTS; count += 1) {
        const request = requests.next().value;
        const index = (count * 7 + seed) % 3 === 0 ? 1 : 0;
        const isReplacement = count % NEW_SESSION_EVERY === 0;
        history.push(`${count}. session ${index}: ${isReplacement ? "replace" : request.text}`);
        const [expected, actual] = await Promise.all(
          sides.map((side) => (isReplacement ? side.replace(index) : side.step(index, request))),
        );
        expect(
          actual,
          `Apache's server says otherwise to\n${history.slice(-5).join("\n")}`,
        ).toEqual(expected);
        if (expected?.at(-1) === "reply: closed") return;
      }
      for (const side of sides) await side.close();
    });

    /** Requests that end a connection, or may. */
    const last: readonly (readonly [string, RandomRequest])[] = [
      ["a check outside a multi", requestOf(OpCode.check, pathAndVersion("/", -1))],
      ["an unknown operation", requestOf(99, NOTHING)],
      ["an unknown authentication scheme", requestOf(OpCode.auth, authOf("nonsense", "x"))],
      ["credentials without a password", requestOf(OpCode.auth, authOf("digest", "nobody"))],
      ["a token for SASL, where there is none", requestOf(OpCode.sasl, Buffer.alloc(4))],
    ];

    test.each(last)("they agree on what follows %s", async (_, request) => {
      const outcomes = await Promise.all(
        sides.map(async (side) => {
          await side.open();
          const reply = await side.step(0, request);
          const next = await side.step(0, requestOf(OpCode.whoAmI, NOTHING));
          await side.close();
          return [...reply, ...next];
        }),
      );
      expect(outcomes[1]).toEqual(outcomes[0]);
    });
  },
);

function requestOf(type: number, body: Buffer): RandomRequest {
  return { type, text: `type ${type}`, body: () => body };
}

function pathAndVersion(path: string, version: number): Buffer {
  const writer = new JuteWriter();
  writer.writeString(path);
  writer.writeInt(version);
  return writer.takeCopy();
}

function authOf(scheme: string, auth: string): Buffer {
  const writer = new JuteWriter();
  writeAuthPacket(writer, { scheme, auth: Buffer.from(auth) });
  return writer.takeCopy();
}

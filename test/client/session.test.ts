/** The session machine against scripted bytes: no transport, no timers, the time is a number. */
import { describe, expect, test } from "vitest";
import type {
  SessionEffect,
  SessionOptions,
  SessionRequest,
} from "../../src/client/session-request.ts";
import { Session } from "../../src/client/session.ts";
import type { WatchEvent, Watcher } from "../../src/client/watch-table.ts";
import { ErrorCode, EventType, JuteReader, OpCode, readSetWatches } from "../../src/wire/index.ts";
import {
  accepted,
  connectRequestOf,
  expired,
  frame,
  int,
  notification,
  password,
  reply,
  requestsOf,
  statBytes,
  text,
} from "./support/server-bytes.ts";

const options: SessionOptions = {
  sessionTimeoutMs: 6000,
  connectTimeoutMs: 2000,
  readOnly: false,
  auth: [],
  requestBytesMax: 1000,
  replyBytesMax: 1000,
  outstandingMax: 5,
  outstandingBytesMax: 2000,
};

class TestRequest implements SessionRequest {
  readonly op: number;
  readonly body: Buffer;
  readonly watch: SessionRequest["watch"];
  readonly action = "test";
  readonly path: string;
  decoded: string | undefined;

  constructor(
    path: string,
    {
      op = OpCode.getData,
      watcher,
      bytes = 10,
    }: {
      op?: number;
      watcher?: Watcher;
      bytes?: number;
    } = {},
  ) {
    this.op = op;
    this.path = path;
    this.body = Buffer.alloc(bytes, path);
    const kind = op === OpCode.getChildren2 ? "child" : "data";
    this.watch = watcher === undefined ? undefined : { kind, path, watcher };
  }

  decode(reader: JuteReader): void {
    this.decoded = reader.readRequiredString("result");
  }
}

/** A session and what came out of it. */
class Harness {
  readonly session: Session;
  readonly effects: SessionEffect[] = [];
  nowMs = 1000;
  isOpen = false;

  constructor(overrides: Partial<SessionOptions> = {}) {
    this.session = new Session({ ...options, ...overrides });
  }

  /** Carries out `ready()` as a driver does; returns what was to be sent. */
  pump(): Buffer {
    const sent: Buffer[] = [];
    for (;;) {
      const { bytes, drop, effects } = this.session.ready();
      if (bytes !== null && this.isOpen) sent.push(bytes);
      this.effects.push(...effects);
      if (drop === null || !this.isOpen) return Buffer.concat(sent);
      this.isOpen = false;
      this.session.closed(drop);
    }
  }

  open(): Buffer {
    this.session.opening(this.nowMs);
    this.isOpen = true;
    this.session.opened(this.nowMs);
    return this.pump();
  }

  connect(answer: Buffer = accepted()): Buffer {
    this.open();
    return this.receive(answer);
  }

  receive(...chunks: readonly Buffer[]): Buffer {
    this.session.received(Buffer.concat(chunks), this.nowMs);
    return this.pump();
  }

  lose(): void {
    this.isOpen = false;
    this.session.closed(new Error("cable pulled"));
    this.pump();
  }

  submit(request: SessionRequest): Buffer {
    this.session.submit(request, this.nowMs);
    return this.pump();
  }

  tick(afterMs: number): Buffer {
    this.nowMs += afterMs;
    this.session.tick(this.nowMs);
    return this.pump();
  }

  /** How requests ended, in order, as "path: code". */
  outcomes(): string[] {
    return this.effects.flatMap((effect) =>
      effect.type === "settled" ? [`${effect.request.path}: ${effect.failure?.code ?? "ok"}`] : [],
    );
  }

  states(): string[] {
    return this.effects.flatMap((effect) => (effect.type === "state" ? [effect.state] : []));
  }

  events(): WatchEvent[] {
    return this.effects.flatMap((effect) => (effect.type === "watch" ? [effect.event] : []));
  }
}

const ignore: Watcher = () => undefined;
const result = (value: string): { body: Buffer } => ({ body: text(value) });

describe("opening a session", () => {
  test("opened() asks for a new session", () => {
    expect(connectRequestOf(new Harness().open())).toEqual({
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeoutMs: 6000,
      sessionId: 0n,
      password: Buffer.alloc(16),
      readOnly: false,
    });
  });

  test("the answer's id and timeout are kept", () => {
    const harness = new Harness();
    harness.connect(accepted(0x1234n, 4000));
    expect(harness.session.state).toBe("connected");
    expect(harness.session.sessionId).toBe(0x1234n);
    expect(harness.session.timeoutMs).toBe(4000);
  });

  test("a second connection takes up the session with the last zxid seen", () => {
    const harness = new Harness();
    harness.connect(accepted(0x1234n));
    harness.submit(new TestRequest("/a"));
    harness.receive(reply(1, { zxid: 99n, ...result("x") }));
    harness.lose();
    const request = connectRequestOf(harness.open());
    expect(request).toMatchObject({ lastZxidSeen: 99n, sessionId: 0x1234n, password });
  });

  test("an answer with timeout 0 ends everything with sessionExpired", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/watched", { watcher: ignore }));
    harness.receive(reply(1, result("x")));
    harness.lose();
    harness.submit(new TestRequest("/waiting"));
    harness.connect(expired());
    harness.submit(new TestRequest("/late"));
    expect(harness.states()).toEqual(["connected", "disconnected", "expired"]);
    expect(harness.outcomes()).toEqual([
      "/watched: ok",
      "/waiting: sessionExpired",
      "/late: sessionExpired",
    ]);
    expect(harness.events()).toEqual([{ type: "watchLost", path: "/watched" }]);
    expect(harness.session.hasEnded).toBe(true);
    expect(harness.isOpen).toBe(false);
  });

  test("a server that does not answer in time is given up", () => {
    const harness = new Harness();
    harness.open();
    expect(harness.session.deadlineMs()).toBe(3000);
    harness.tick(1999);
    expect(harness.isOpen).toBe(true);
    harness.tick(1);
    expect(harness.isOpen).toBe(false);
    expect(harness.session.state).toBe("connecting");
  });

  test("bytes that are no ConnectResponse drop the connection", () => {
    const harness = new Harness();
    harness.connect(frame(int(0)));
    expect(harness.isOpen).toBe(false);
  });
});

describe("requests and replies", () => {
  test("requests made before there is a session are sent after it, in order", () => {
    const harness = new Harness();
    harness.submit(new TestRequest("/1"));
    harness.open();
    harness.submit(new TestRequest("/2", { op: OpCode.exists }));
    const seen = requestsOf(harness.receive(accepted()));
    expect(seen.map(({ xid, op }) => [xid, op])).toEqual([
      [1, OpCode.getData],
      [2, OpCode.exists],
    ]);
  });

  test("replies settle requests in order, with results and codes", () => {
    const harness = new Harness();
    harness.connect();
    const first = new TestRequest("/1");
    harness.submit(first);
    harness.submit(new TestRequest("/2"));
    harness.receive(reply(1, result("one")), reply(2, { err: ErrorCode.noNode }));
    expect(first.decoded).toBe("one");
    expect(harness.outcomes()).toEqual(["/1: ok", "/2: noNode"]);
  });

  test.each([
    ["a reply out of turn", reply(2, result("two"))],
    ["a reply to nothing", reply(77, result("x"))],
    ["a reply to unsent credentials", reply(-4)],
    ["a frame above the limit", int(1001)],
    ["a negative length", int(-1)],
  ])("%s drops the connection and fails what was sent", (_what, bytes) => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/1"));
    harness.submit(new TestRequest("/2", { op: OpCode.setData }));
    harness.receive(bytes);
    expect(harness.isOpen).toBe(false);
    expect(harness.outcomes()).toEqual(["/1: connectionLoss", "/2: connectionLoss"]);
  });

  test("a lost reply leaves the outcome of a write unknown, not that of a read", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/read"));
    harness.submit(new TestRequest("/write", { op: OpCode.setData }));
    harness.lose();
    const failures = harness.effects.flatMap((effect) =>
      effect.type === "settled" ? [effect.failure] : [],
    );
    expect(failures.map((failure) => failure?.outcomeUnknown)).toEqual([false, true]);
    expect(failures.map((failure) => failure?.retriable)).toEqual([true, true]);
  });

  test("a reply that cannot be decoded fails its request for good", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/bad"));
    harness.submit(new TestRequest("/next"));
    harness.receive(reply(1, { body: int(50) }));
    expect(harness.outcomes()).toEqual(["/bad: marshallingError", "/next: connectionLoss"]);
    expect(harness.isOpen).toBe(false);
  });

  test("requests above the limits are refused at once", () => {
    const harness = new Harness({ outstandingMax: 2 });
    harness.submit(new TestRequest("/big", { bytes: 993 }));
    harness.submit(new TestRequest("/1", { bytes: 992 }));
    harness.submit(new TestRequest("/2"));
    harness.submit(new TestRequest("/3"));
    harness.pump();
    expect(harness.outcomes()).toEqual(["/big: badArguments", "/3: queueFull"]);
  });

  test("the limit in bytes counts what waits and what was sent, until it is answered", () => {
    const harness = new Harness({ outstandingBytesMax: 100 });
    harness.submit(new TestRequest("/1", { bytes: 60 }));
    harness.connect();
    harness.submit(new TestRequest("/2", { bytes: 50 }));
    harness.receive(reply(1, result("x")));
    harness.submit(new TestRequest("/3", { bytes: 50 }));
    harness.lose();
    harness.submit(new TestRequest("/4", { bytes: 100 }));
    expect(harness.outcomes()).toEqual(["/2: queueFull", "/1: ok", "/3: connectionLoss"]);
  });

  test("a request that finds no server within the session timeout fails", () => {
    const harness = new Harness();
    harness.submit(new TestRequest("/1"));
    expect(harness.session.deadlineMs()).toBe(7000);
    harness.tick(5999);
    harness.submit(new TestRequest("/2"));
    harness.tick(1);
    expect(harness.outcomes()).toEqual(["/1: connectionLoss"]);
  });

  test("withdraw() takes back only what has not been sent", () => {
    const harness = new Harness();
    const waiting = new TestRequest("/1");
    harness.submit(waiting);
    expect(harness.session.withdraw(waiting)).toBe(true);
    const sent = new TestRequest("/2");
    harness.submit(sent);
    harness.connect();
    expect(harness.session.withdraw(sent)).toBe(false);
  });
});

describe("keeping the session alive", () => {
  test("a ping goes out after a third of the timeout without a request", () => {
    const harness = new Harness();
    harness.connect();
    expect(harness.session.deadlineMs()).toBe(3000);
    expect(harness.tick(1999)).toHaveLength(0);
    expect(requestsOf(harness.tick(1))).toMatchObject([{ xid: -2, op: OpCode.ping }]);
    harness.receive(reply(-2, { zxid: 12n }));
    expect(harness.session.lastZxidSeen).toBe(12n);
    harness.nowMs += 500;
    harness.submit(new TestRequest("/1"));
    expect(harness.session.deadlineMs()).toBe(harness.nowMs + 2000);
  });

  test("two thirds of the timeout without a byte drop the connection", () => {
    const harness = new Harness();
    harness.connect();
    harness.tick(2000);
    harness.tick(1999);
    expect(harness.isOpen).toBe(true);
    harness.tick(1);
    expect(harness.isOpen).toBe(false);
    expect(harness.states()).toEqual(["connected", "disconnected"]);
  });
});

describe("watches", () => {
  test("a notification is delivered before the reply that follows it", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/a", { watcher: ignore }));
    harness.submit(new TestRequest("/b"));
    harness.receive(
      reply(1, result("old")),
      notification(EventType.nodeDataChanged, "/a"),
      reply(2, result("new")),
    );
    expect(harness.effects.map(({ type }) => type)).toEqual([
      "state",
      "settled",
      "watch",
      "settled",
    ]);
  });

  test("a watch is set only by a read that succeeds, or an exists that finds nothing", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/missing", { watcher: ignore }));
    harness.submit(new TestRequest("/later", { op: OpCode.exists, watcher: ignore }));
    const noNode = { err: ErrorCode.noNode };
    harness.receive(reply(1, noNode), reply(2, noNode));
    harness.receive(notification(EventType.nodeCreated, "/missing"));
    harness.receive(notification(EventType.nodeCreated, "/later"));
    harness.receive(notification(EventType.nodeCreated, "/later"));
    expect(harness.events()).toEqual([{ type: "nodeCreated", path: "/later" }]);
  });

  test("a child watch fires for children and deletion, not for data", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/a", { op: OpCode.getChildren2, watcher: ignore }));
    harness.receive(reply(1, result("x")));
    harness.receive(notification(EventType.nodeDataChanged, "/a"));
    expect(harness.events()).toEqual([]);
    harness.receive(notification(EventType.nodeDeleted, "/a"));
    expect(harness.events()).toEqual([{ type: "nodeDeleted", path: "/a" }]);
  });

  test("setWatches restores them after a reconnect, before waiting requests", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/data", { watcher: ignore }));
    harness.submit(new TestRequest("/exist", { op: OpCode.exists, watcher: ignore }));
    harness.submit(new TestRequest("/child", { op: OpCode.getChildren2, watcher: ignore }));
    harness.receive(
      reply(1, { zxid: 7n, ...result("x") }),
      reply(2, { zxid: 7n, err: ErrorCode.noNode }),
      reply(3, { zxid: 8n, ...result("x") }),
    );
    harness.lose();
    harness.submit(new TestRequest("/waiting"));
    const [setWatches, waiting] = requestsOf(harness.connect());
    expect(setWatches).toMatchObject({ xid: -8, op: OpCode.setWatches });
    expect(readSetWatches(new JuteReader(setWatches?.body), false)).toMatchObject({
      relativeZxid: 8n,
      dataWatches: ["/data"],
      existWatches: ["/exist"],
      childWatches: ["/child"],
    });
    expect(waiting).toMatchObject({ xid: 4, op: OpCode.getData });
  });

  test("the zxid to catch up from is held back until every setWatches is answered", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/a", { watcher: ignore }));
    harness.receive(reply(1, { zxid: 5n, ...result("x") }));
    // Another watch of the same txn may still be on its way: the event alone must not count.
    harness.receive(notification(EventType.nodeDataChanged, "/other", 6n));
    expect(harness.session.lastZxidSeen).toBe(6n);
    harness.lose();
    const relativeZxid = (sent: Buffer): bigint =>
      readSetWatches(new JuteReader(requestsOf(sent)[0]?.body), false).relativeZxid;
    expect(relativeZxid(harness.connect())).toBe(5n);
    harness.receive(reply(-2, { zxid: 20n }));
    harness.lose();
    expect(relativeZxid(harness.connect())).toBe(5n);
    harness.receive(reply(-8, { zxid: 21n }));
    harness.lose();
    expect(relativeZxid(harness.connect())).toBe(21n);
  });
});

describe("credentials", () => {
  const entry = { scheme: "digest", auth: Buffer.from("user:pw") };

  test("they are presented on every connection", () => {
    const harness = new Harness({ auth: [entry] });
    expect(requestsOf(harness.connect())).toMatchObject([{ xid: -4, op: OpCode.auth }]);
    harness.receive(reply(-4, { zxid: 0n }));
    harness.session.addAuth({ scheme: "x", auth: Buffer.from("y") }, harness.nowMs);
    expect(requestsOf(harness.pump())).toHaveLength(1);
    harness.lose();
    const seen = requestsOf(harness.connect());
    expect(seen.map(({ body }) => body.subarray(4, 14).toString("latin1"))).toEqual([
      "\0\0\0\x06digest",
      "\0\0\0\x01x\0\0\0\x01y",
    ]);
  });

  test("a refusal ends the session with authFailed", () => {
    const harness = new Harness({ auth: [entry] });
    harness.submit(new TestRequest("/1"));
    harness.connect();
    harness.receive(reply(-4, { zxid: 0n, err: ErrorCode.authFailed }));
    expect(harness.states()).toEqual(["connected", "auth-failed"]);
    expect(harness.outcomes()).toEqual(["/1: authFailed"]);
    expect(harness.isOpen).toBe(false);
  });
});

describe("close()", () => {
  test("ends after the replies to earlier requests", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/1"));
    harness.session.close(harness.nowMs);
    expect(requestsOf(harness.pump())).toMatchObject([{ xid: 2, op: OpCode.closeSession }]);
    harness.submit(new TestRequest("/late"));
    harness.receive(reply(1, result("x")), reply(2));
    expect(harness.outcomes()).toEqual(["/late: clientClosed", "/1: ok"]);
    expect(harness.states()).toEqual(["connected", "closed"]);
    expect(harness.session.deadlineMs()).toBe(Infinity);
  });

  test("ends when the connection goes before the reply", () => {
    const harness = new Harness();
    harness.connect();
    harness.submit(new TestRequest("/1"));
    harness.session.close(harness.nowMs);
    harness.lose();
    expect(harness.outcomes()).toEqual(["/1: connectionLoss"]);
    expect(harness.session.hasEnded).toBe(true);
  });

  test("ends at once without a connection, and in time with a silent server", () => {
    const idle = new Harness();
    idle.submit(new TestRequest("/1"));
    idle.session.close(idle.nowMs);
    idle.pump();
    expect(idle.outcomes()).toEqual(["/1: clientClosed"]);
    const silent = new Harness();
    silent.connect();
    silent.session.close(silent.nowMs);
    silent.tick(2000);
    expect(silent.session.state).toBe("closed");
  });
});

describe("any cut of the stream", () => {
  const script = Buffer.concat([
    accepted(),
    reply(1, result("one")),
    notification(EventType.nodeDataChanged, "/1"),
    reply(2, { err: ErrorCode.badVersion }),
    reply(-2, { zxid: 3n }),
    reply(3, { body: Buffer.concat([text("three"), statBytes()]) }),
  ]);
  const begin = (): Harness => {
    const harness = new Harness();
    harness.submit(new TestRequest("/1", { watcher: ignore }));
    harness.submit(new TestRequest("/2", { op: OpCode.setData }));
    harness.submit(new TestRequest("/3"));
    harness.open();
    return harness;
  };

  test("gives the same effects as the whole", () => {
    const whole = begin();
    whole.receive(script);
    expect(whole.outcomes()).toEqual(["/1: ok", "/2: badVersion", "/3: ok"]);
    for (let at = 1; at < script.length; at++) {
      const parts = begin();
      parts.receive(script.subarray(0, at));
      parts.receive(script.subarray(at));
      expect(parts.effects).toEqual(whole.effects);
    }
  });

  test("settles every request once, in order, when the connection breaks there", () => {
    for (let at = 0; at <= script.length; at++) {
      const harness = begin();
      harness.receive(script.subarray(0, at));
      const before = harness.outcomes().length;
      const wasConnected = harness.session.state === "connected";
      harness.lose();
      // Nothing was sent before the session was open: the requests wait for the next connection.
      const lost = wasConnected ? 3 - before : 0;
      expect(harness.outcomes()).toHaveLength(before + lost);
      harness.connect();
      const sentAgain = wasConnected ? 0 : 3;
      for (let xid = 1; xid <= sentAgain; xid++) harness.receive(reply(xid, result("again")));
      const paths = harness.outcomes().map((outcome) => outcome.slice(0, 2));
      expect(paths).toEqual(["/1", "/2", "/3"]);
    }
  });
});

/** The client over a fake transport and fake time: what users see. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.ts";
import { EnsembleClient, MultiError, ZkError } from "../../src/client/index.ts";
import type { ClientOptions } from "../../src/client/index.ts";
import { ErrorCode, EventType, OpCode } from "../../src/wire/index.ts";
import { FakeTimers } from "./support/fake-timers.ts";
import { FakeTransport } from "./support/fake-transport.ts";
import {
  accepted,
  expired,
  int,
  notification,
  reply,
  someStat,
  statBytes,
  text,
} from "./support/server-bytes.ts";

interface Bench {
  readonly client: EnsembleClient;
  readonly transport: FakeTransport;
  readonly timers: FakeTimers;
}

async function openClient(target = "zk1", options: ClientOptions = {}): Promise<Bench> {
  const timers = new FakeTimers();
  const transport = new FakeTransport();
  const all = { timers, transport, random: seededRandom(1), sessionTimeoutMs: 6000, ...options };
  const client = new EnsembleClient(target, all);
  await timers.advance(0);
  return { client, transport, timers };
}

async function connectClient(target?: string, options?: ClientOptions): Promise<Bench> {
  const bench = await openClient(target, options);
  bench.transport.last.accept();
  await bench.timers.settle();
  return bench;
}

const dataReply = (xid: number, data: string): Buffer =>
  reply(xid, { body: Buffer.concat([text(data), statBytes()]) });

async function failureOf(promise: Promise<unknown>): Promise<ZkError> {
  return promise.then(
    () => expect.fail("the request succeeded"),
    (error: unknown) => error as ZkError,
  );
}

describe("operations", () => {
  test("each sends its opcode and resolves with its result", async () => {
    const { client, transport, timers } = await connectClient();
    const made = client.create("/a", "x", { mode: "ephemeralSequential" });
    const stat = client.createWithStat("/b");
    const container = client.create("/c", "", { mode: "container" });
    const ttl = client.create("/t", "", { mode: "persistentWithTtl", ttlMs: 5 });
    const missing = client.exists("/gone");
    const data = client.getData("/a");
    const none = client.getData("/null");
    const children = client.getChildren("/");
    const identities = client.whoAmI();
    await timers.settle();
    expect(transport.last.writes).toHaveLength(1);
    const ops = transport.last.takeRequests().map(({ op }) => op);
    expect(ops).toEqual([
      OpCode.create,
      OpCode.create2,
      OpCode.createContainer,
      OpCode.createTTL,
      OpCode.exists,
      OpCode.getData,
      OpCode.getData,
      OpCode.getChildren2,
      OpCode.whoAmI,
    ]);
    const pathAndStat = (path: string): Buffer => Buffer.concat([text(path), statBytes()]);
    const { handlers } = transport.last;
    handlers.received(reply(1, { body: text("/a0000000001") }));
    handlers.received(reply(2, { body: pathAndStat("/b") }));
    handlers.received(reply(3, { body: pathAndStat("/c") }));
    handlers.received(reply(4, { body: pathAndStat("/t") }));
    handlers.received(reply(5, { err: ErrorCode.noNode }));
    handlers.received(dataReply(6, "hello"));
    handlers.received(reply(7, { body: Buffer.concat([int(-1), statBytes()]) }));
    handlers.received(
      reply(8, { body: Buffer.concat([int(2), text("x"), text("y"), statBytes()]) }),
    );
    handlers.received(reply(9, { body: Buffer.concat([int(1), text("ip"), text("::1")]) }));
    expect(await made).toBe("/a0000000001");
    expect(await stat).toMatchObject({ path: "/b", stat: { version: 3 } });
    expect(await container).toBe("/c");
    expect(await ttl).toBe("/t");
    expect(await missing).toBeNull();
    expect((await data).data?.toString()).toBe("hello");
    expect((await none).data).toBeNull();
    expect((await children).children).toEqual(["x", "y"]);
    expect(await identities).toEqual([{ scheme: "ip", user: "::1" }]);
  });

  test("the configuration is the ensemble's, whatever the chroot", async () => {
    const { client, transport, timers } = await connectClient("zk1/app");
    const events: string[] = [];
    const got = client.getConfig({ watch: ({ path }) => events.push(path) });
    const changed = client.reconfigure({ add: ["server.4=h:1:2;3"], remove: [2, 1n] });
    const replaced = client.reconfigure({ members: ["a", "b"] }, { fromVersion: 0x100000000n });
    await timers.settle();
    const requests = transport.last.takeRequests();
    expect(requests.map(({ op }) => op)).toEqual([
      OpCode.getData,
      OpCode.reconfig,
      OpCode.reconfig,
    ]);
    const any = Buffer.alloc(8, 0xff);
    expect(requests[1]?.body).toEqual(
      Buffer.concat([text("server.4=h:1:2;3"), text("2,1"), int(-1), any]),
    );
    const version = Buffer.from("0000000100000000", "hex");
    expect(requests[2]?.body).toEqual(Buffer.concat([int(-1), int(-1), text("a\nb"), version]));
    const { handlers } = transport.last;
    handlers.received(dataReply(1, "server.1=h:1:2:participant\nversion=100000000"));
    handlers.received(dataReply(2, "server.4=h:1:2:participant;3"));
    handlers.received(reply(3, { err: ErrorCode.newConfigNoQuorum }));
    handlers.received(notification(EventType.nodeDataChanged, "/zookeeper/config"));
    expect(await got).toMatchObject({ version: 0x100000000n });
    expect(await changed).toMatchObject({ text: "server.4=h:1:2:participant;3", version: 0n });
    expect(await failureOf(replaced)).toMatchObject({ code: "newConfigNoQuorum" });
    expect(events).toEqual(["/zookeeper/config"]);
    const nothing = await failureOf(client.reconfigure({ add: [] }));
    expect(nothing).toMatchObject({ code: "badArguments" });
  });

  test("data is a copy: the transport may use its buffer again", async () => {
    const { client, transport, timers } = await connectClient();
    const got = client.getData("/a");
    await timers.settle();
    const bytes = dataReply(1, "hello");
    transport.last.handlers.received(bytes);
    bytes.fill(0);
    expect((await got).data?.toString()).toBe("hello");
  });

  test("what cannot be right is refused without asking a server", async () => {
    const { client, transport } = await connectClient();
    const failures = await Promise.all([
      failureOf(client.create("a")),
      failureOf(client.getData("/a/")),
      failureOf(client.create("/a", "", { mode: "persistentWithTtl" })),
      failureOf(client.create("/a", "", { ttlMs: 5 })),
      failureOf(client.multi([{ type: "delete", path: "" }])),
    ]);
    expect(failures.map(({ code }) => code)).toEqual(Array(5).fill("badArguments"));
    expect(failures[1]?.message).toBe(
      "Cannot get data of '/a/': the path is not valid: it ends with '/'",
    );
    expect(transport.last.writes).toEqual([]);
  });

  test("a multi resolves with a result per operation", async () => {
    const { client, transport, timers } = await connectClient("zk1/app");
    const done = client.multi([
      { type: "create", path: "/a" },
      { type: "setData", path: "/a", data: null },
      { type: "check", path: "/a", version: 1 },
      { type: "delete", path: "/a" },
    ]);
    await timers.settle();
    const head = (type: number, isDone = 0): Buffer =>
      Buffer.concat([int(type), Buffer.from([isDone]), int(isDone === 0 ? 0 : -1)]);
    const body = Buffer.concat([
      ...[head(OpCode.create2), text("/app/a"), statBytes()],
      ...[head(OpCode.setData), statBytes()],
      head(OpCode.check),
      head(OpCode.delete),
      head(-1, 1),
    ]);
    transport.last.handlers.received(reply(1, { body }));
    expect(await done).toEqual([
      { type: "create", path: "/a", stat: someStat },
      { type: "setData", stat: someStat },
      { type: "check" },
      { type: "delete" },
    ]);
  });

  test("a failed multi says which operation failed and why", async () => {
    const { client, transport, timers } = await connectClient();
    const done = failureOf(
      client.multi([
        { type: "create", path: "/a" },
        { type: "check", path: "/b", version: 3 },
        { type: "delete", path: "/c" },
      ]),
    );
    await timers.settle();
    const hex =
      "ffffffff000000000000000000" + "ffffffff00ffffff99ffffff99" + "ffffffff00fffffffefffffffe";
    const body = Buffer.from(`${hex}ffffffff01ffffffff`, "hex");
    transport.last.handlers.received(reply(1, { body }));
    const failure = await done;
    expect(failure).toBeInstanceOf(MultiError);
    expect(failure).toMatchObject({
      code: "badVersion",
      path: "/b",
      failedIndex: 1,
      codes: ["ok", "badVersion", "runtimeInconsistency"],
    });
  });

  test("a chroot stays invisible in paths, events and errors", async () => {
    const { client, transport, timers } = await connectClient("zk1/app");
    const events: unknown[] = [];
    const made = client.create("/", "", { mode: "persistentSequential" });
    const root = client.getData("/", { watch: (event) => events.push(event) });
    const failed = failureOf(client.delete("/x"));
    await timers.settle();
    const bodies = transport.last.takeRequests().map(({ body }) => body.toString("latin1"));
    expect(bodies[0]).toContain("\0\0\0\x05/app/\0");
    expect(bodies[1]).toContain("\0\0\0\x04/app\x01");
    expect(bodies[2]).toContain("\0\0\0\x06/app/x");
    const { handlers } = transport.last;
    handlers.received(reply(1, { body: text("/app/0000000000") }));
    handlers.received(dataReply(2, ""));
    handlers.received(reply(3, { err: ErrorCode.noNode }));
    handlers.received(notification(EventType.nodeDataChanged, "/app"));
    await timers.settle();
    expect(await made).toBe("/0000000000");
    await root;
    expect((await failed).message).toBe("Cannot delete '/x': the node does not exist");
    expect(events).toEqual([{ type: "nodeDataChanged", path: "/" }]);
  });

  test("a signal rejects the promise and takes back what was not sent", async () => {
    const { client, transport, timers } = await openClient();
    const controller = new AbortController();
    const { signal } = controller;
    const done = client.getData("/a", { signal }).catch((error: unknown) => error);
    controller.abort("enough");
    expect(await done).toBe("enough");
    transport.last.accept();
    await timers.settle();
    expect(transport.last.takeSent()).toHaveLength(0);
    await expect(client.getData("/a", { signal })).rejects.toBe("enough");
  });
});

describe("order", () => {
  test("an event comes after earlier results and before later ones", async () => {
    const { client, transport, timers } = await connectClient();
    const log: string[] = [];
    const read = async (name: string, watch?: () => void): Promise<void> => {
      const { data } = await client.getData("/a", watch === undefined ? {} : { watch });
      await Promise.resolve();
      log.push(`${name} read ${data?.toString()}`);
    };
    const first = read("first", () => log.push("event"));
    const second = read("second");
    await timers.settle();
    const event = notification(EventType.nodeDataChanged, "/a");
    transport.last.handlers.received(
      Buffer.concat([dataReply(1, "old"), event, dataReply(2, "new")]),
    );
    await timers.settle();
    await Promise.all([first, second]);
    expect(log).toEqual(["first read old", "event", "second read new"]);
  });

  test("a listener that throws keeps nothing from the others", async () => {
    const { client, transport, timers } = await connectClient();
    const events: string[] = [];
    const reads = [
      client.getData("/a", {
        watch: () => {
          throw new Error("mistake of the user");
        },
      }),
      client.getData("/a", { watch: ({ type }) => events.push(type) }),
    ];
    await timers.settle();
    const { handlers } = transport.last;
    handlers.received(Buffer.concat([dataReply(1, ""), dataReply(2, "")]));
    handlers.received(notification(EventType.nodeDeleted, "/a"));
    await timers.settle();
    await Promise.all(reads);
    expect(events).toEqual(["nodeDeleted"]);
  });
});

describe("connections", () => {
  test("a lost connection is replaced; requests on their way fail, later ones wait", async () => {
    const { client, transport, timers } = await connectClient("zk1,zk2");
    const states: string[] = [];
    client.onState((state) => states.push(state));
    const lost = failureOf(client.setData("/a", "x"));
    await timers.settle();
    const first = transport.last;
    first.handlers.closed(new Error("read ECONNRESET"));
    expect(await lost).toMatchObject({ code: "connectionLoss", outcomeUnknown: true });
    const later = client.getData("/a");
    await timers.advance(0);
    expect(transport.last.server).not.toBe(first.server);
    transport.last.accept();
    await timers.settle();
    transport.last.handlers.received(dataReply(2, "y"));
    expect((await later).data?.toString()).toBe("y");
    expect(states).toEqual(["disconnected", "connected"]);
  });

  test("servers that close at once are tried in turn, ever more slowly", async () => {
    const { transport, timers } = await openClient("zk1,zk2");
    const attemptMs: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      attemptMs.push(timers.monotonicMs());
      transport.last.handlers.opened();
      transport.last.handlers.closed(null);
      while (transport.connections.length === attempt + 1) await timers.advance(1);
    }
    expect(new Set(transport.connections.map(({ server }) => server)).size).toBe(2);
    const pauses = attemptMs.slice(1).map((ms, index) => ms - (attemptMs[index] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1000);
    expect(pauses.at(-2)).toBeGreaterThanOrEqual(500);
    expect(pauses[0]).toBeLessThanOrEqual(20);
  });

  test("a server that accepts no session in time is left for another", async () => {
    const { transport, timers } = await openClient("zk1,zk2", { connectTimeoutMs: 300 });
    const silent = transport.last;
    silent.handlers.opened();
    await timers.advance(330);
    expect(silent.isClosedByClient).toBe(true);
    expect(transport.connections).toHaveLength(2);
    silent.accept();
    expect(transport.last.isClosedByClient).toBe(false);
  });

  test("pings keep the session; silence ends the connection", async () => {
    const { client, transport, timers } = await connectClient();
    await timers.advance(2000);
    expect(transport.last.takeRequests()).toMatchObject([{ op: OpCode.ping }]);
    transport.last.handlers.received(reply(-2));
    await timers.advance(3999);
    expect(client.state).toBe("connected");
    await timers.advance(1);
    expect(client.state).toBe("disconnected");
  });

  test("an expired session fails everything and makes no further connection", async () => {
    const { client, transport, timers } = await connectClient();
    transport.last.handlers.closed(null);
    const waiting = failureOf(client.getData("/a"));
    const credentials = failureOf(client.addAuth("digest", "u:p"));
    await timers.advance(0);
    transport.last.accept(expired());
    expect(await waiting).toMatchObject({ code: "sessionExpired", retriable: false });
    expect(await credentials).toMatchObject({ code: "sessionExpired" });
    expect(client.state).toBe("expired");
    expect(transport.last.isClosedByClient).toBe(true);
    await timers.advance(60_000);
    expect(transport.connections).toHaveLength(2);
    expect(timers.pendingCount).toBe(0);
    await client.close();
  });

  test("close() waits for the server's word and leaves no timer", async () => {
    const { client, transport, timers } = await connectClient();
    const closed = client.close();
    const again = client.close();
    await timers.settle();
    expect(transport.last.takeRequests()).toMatchObject([{ xid: 1, op: OpCode.closeSession }]);
    transport.last.handlers.received(reply(1));
    await Promise.all([closed, again]);
    expect(transport.last.isClosedByClient).toBe(true);
    expect(timers.pendingCount).toBe(0);
    await client.close();
  });

  test("close() while no server is there ends at once", async () => {
    const { client, transport, timers } = await openClient();
    transport.last.handlers.closed(new Error("refused"));
    await client.close();
    expect(client.state).toBe("closed");
    expect(timers.pendingCount).toBe(0);
  });

  test("connect() resolves with a session", async () => {
    const timers = new FakeTimers();
    const transport = new FakeTransport();
    const opening = EnsembleClient.connect("zk1", { timers, transport });
    await timers.advance(0);
    transport.last.accept(accepted(5n, 4000));
    await timers.settle();
    const client = await opening;
    expect([client.sessionId, client.sessionTimeoutMs]).toEqual([5n, 4000]);
  });

  test("connect() says why it gave up, and stops trying", async () => {
    const timers = new FakeTimers();
    const transport = new FakeTransport();
    const options = { timers, transport, firstConnectTimeoutMs: 50 };
    const failed = failureOf(EnsembleClient.connect("zk1:7", options));
    await timers.advance(0);
    transport.last.handlers.closed(new Error("connect ECONNREFUSED"));
    await timers.advance(50);
    expect((await failed).message).toBe(
      "Cannot connect to 'zk1:7': no server accepted a session within 50 ms " +
        "(the last attempt: connect ECONNREFUSED)",
    );
    await timers.advance(60_000);
    expect(timers.pendingCount).toBe(0);
  });
});

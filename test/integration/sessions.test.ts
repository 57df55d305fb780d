/**
 * Sessions on a real ensemble: they outlive connections and servers, end when their time is up, and
 * belong to one connection at a time.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import type { SessionState } from "../../src/client/index.ts";
import { CreateMode, ErrorCode, EventType, OpCode } from "../../src/wire/index.ts";
import type { ConnectResponse } from "../../src/wire/index.ts";
import { RawClient, body, connectRequest, dataOf, eventOf, request } from "./support/raw-client.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

const TICK_MS = 500;
const MIN_TIMEOUT_MS = 2 * TICK_MS;
const MAX_TIMEOUT_MS = 20 * TICK_MS;

describe("A session", () => {
  let ensemble: TestEnsemble;
  let leader: number;
  let followers: number[];
  let nodeNumber = 0;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, { tickTime: TICK_MS, syncLimit: 10 });
    leader = await ensemble.whenLed();
    followers = await ensemble.followers();
  });

  afterAll(() => ensemble.dispose());

  const port = (id: number): number => ensemble.clientPort(id);

  const newPath = (): string => {
    nodeNumber += 1;
    return `/node-${nodeNumber}`;
  };

  /** What a client says that comes back to its session. */
  const again = ({ sessionId, password }: ConnectResponse, lastZxidSeen = 0n) => ({
    sessionId,
    password,
    lastZxidSeen,
  });

  const createEphemeral = async (client: RawClient, path: string): Promise<void> => {
    const flags = CreateMode.ephemeral;
    const reply = await client.call(1, OpCode.create, body.create(path, "", flags));
    expect(reply.err).toBe(ErrorCode.ok);
  };

  it("gets a timeout between 2 and 20 ticks", async () => {
    for (const id of [leader, followers[0]!]) {
      for (const [wanted, granted] of [
        [0, MIN_TIMEOUT_MS],
        [-1, MIN_TIMEOUT_MS],
        [3210, 3210],
        [1e9, MAX_TIMEOUT_MS],
      ] as const) {
        const { client, session } = await RawClient.open(port(id), { timeoutMs: wanted });
        expect(session.timeoutMs).toBe(granted);
        await client.destroy();
      }
    }
  });

  it("goes on at another server, with its ephemeral nodes", async () => {
    const path = newPath();
    const { client, session } = await RawClient.open(port(followers[0]!));
    await createEphemeral(client, path);
    await client.destroy();
    for (const id of [followers[1]!, leader, followers[0]!]) {
      const opened = await RawClient.open(port(id), again(session));
      expect(opened.session).toMatchObject({
        sessionId: session.sessionId,
        password: session.password,
      });
      await opened.client.call(2, OpCode.sync, body.path("/"));
      expect((await opened.client.call(3, OpCode.exists, body.read(path))).err).toBe(0);
      expect((await opened.client.call(4, OpCode.setData, body.setData(path, "x"))).err).toBe(0);
      await opened.client.destroy();
    }
  });

  it("is refused with a wrong password or an unknown id, and the connection is closed", async () => {
    const { client, session } = await RawClient.open(port(leader));
    for (const id of ensemble.ids) {
      const wrong = await RawClient.open(port(id), {
        sessionId: session.sessionId,
        password: Buffer.alloc(16, 7),
      });
      expect(wrong.session).toMatchObject({
        sessionId: 0n,
        timeoutMs: 0,
        password: Buffer.alloc(16),
      });
      await wrong.client.closed;
    }
    expect((await client.call(1, OpCode.exists, body.read("/"))).err).toBe(ErrorCode.ok);
    await client.destroy();
  });

  it("expires when nothing is heard of it, and its ephemeral nodes go", async () => {
    const path = newPath();
    const watching = await RawClient.open(port(followers[1]!));
    const dying = await RawClient.open(port(followers[0]!), { timeoutMs: MIN_TIMEOUT_MS });
    await createEphemeral(dying.client, path);
    const diesAtMs = performance.now();
    await dying.client.destroy();
    await watching.client.call(1, OpCode.sync, body.path("/"));
    await watching.client.call(2, OpCode.exists, body.read(path, true));
    expect(eventOf(await watching.client.next())).toEqual({ type: EventType.nodeDeleted, path });
    expect(performance.now() - diesAtMs).toBeGreaterThan(MIN_TIMEOUT_MS - 100);
    for (const id of ensemble.ids) {
      const late = await RawClient.open(port(id), again(dying.session));
      expect(late.session.sessionId).toBe(0n);
      await late.client.closed;
    }
    await watching.client.destroy();
  });

  it("expires also while a silent client is connected, which is then cut off", async () => {
    const silent = await Promise.all(
      ensemble.ids.map((id) => RawClient.open(port(id), { timeoutMs: MIN_TIMEOUT_MS })),
    );
    for (const { client } of silent) {
      await client.closed;
      expect(client.unreadCount).toBe(0);
    }
  });

  it("stays alive by pings alone, through any server", async () => {
    const clients = await Promise.all(
      ensemble.ids.map((id) => RawClient.open(port(id), { timeoutMs: MIN_TIMEOUT_MS })),
    );
    for (let n = 0; n < 8; n++) {
      await sleep(MIN_TIMEOUT_MS / 3);
      for (const { client } of clients) await client.call(-2, OpCode.ping);
    }
    for (const { client } of clients) {
      expect((await client.call(1, OpCode.create, body.create(newPath()))).err).toBe(0);
      await client.destroy();
    }
  });

  it("takes its ephemeral nodes with it when it is closed", async () => {
    const path = newPath();
    const { client, session } = await RawClient.open(port(followers[0]!));
    const watching = await RawClient.open(port(leader));
    await createEphemeral(client, path);
    await watching.client.call(1, OpCode.exists, body.read(path, true));
    expect((await client.call(2, OpCode.closeSession)).err).toBe(ErrorCode.ok);
    await client.closed;
    expect(eventOf(await watching.client.next())).toEqual({ type: EventType.nodeDeleted, path });
    const late = await RawClient.open(port(followers[0]!), again(session));
    expect(late.session.sessionId).toBe(0n);
    await watching.client.destroy();
  });

  it("closes the old connection when it comes again to the same server", async () => {
    for (const id of [leader, followers[0]!]) {
      const old = await RawClient.open(port(id));
      const { client, session } = await RawClient.open(port(id), again(old.session));
      await old.client.closed;
      expect(session.sessionId).toBe(old.session.sessionId);
      expect((await client.call(1, OpCode.create, body.create(newPath()))).err).toBe(0);
      await client.destroy();
    }
  });

  it("does nothing for the old connection once it has moved to another server", async () => {
    for (const [from, to] of [
      [followers[0]!, leader],
      [leader, followers[0]!],
      [followers[0]!, followers[1]!],
    ] as const) {
      const path = newPath();
      const old = await RawClient.open(port(from));
      const { client } = await RawClient.open(port(to), again(old.session));
      old.client.write(request(1, OpCode.create, body.create(path)));
      await old.client.closed;
      expect(old.client.unreadCount).toBe(0);
      expect((await client.call(1, OpCode.exists, body.read(path))).err).toBe(ErrorCode.noNode);
      expect((await client.call(2, OpCode.create, body.create(path))).err).toBe(ErrorCode.ok);
      await client.destroy();
    }
  });

  // Some clients number their requests from 1 again on every connection.
  it("answers a new connection by its own requests, not by those of the old one", async () => {
    const [path, other] = [newPath(), newPath()];
    const old = await RawClient.open(port(leader));
    await old.client.call(1, OpCode.create, body.create(path, "first"));
    await ensemble.pause(...followers);
    old.client.write(
      Buffer.concat([
        request(2, OpCode.create, body.create(other, "of the old connection")),
        request(3, OpCode.setData, body.setData(path, "of the old connection")),
      ]),
    );
    await sleep(100);
    await old.client.destroy();
    const { client } = await RawClient.open(port(leader), again(old.session));
    client.write(
      Buffer.concat([
        request(2, OpCode.setData, body.setData(path, "mine")),
        request(3, OpCode.getData, body.read(path)),
        request(4, OpCode.create, body.create(path)),
      ]),
    );
    await sleep(100);
    for (const id of followers) ensemble.resume(id);
    const [set, read, create] = await client.take(3);
    expect(set).toMatchObject({ xid: 2, err: ErrorCode.ok });
    expect(read).toMatchObject({ xid: 3, err: ErrorCode.ok });
    expect(dataOf(read!)).toBe("mine");
    expect(create).toMatchObject({ xid: 4, err: ErrorCode.nodeExists });
    await client.destroy();
  });

  it("lives on when its leader was stopped for longer than its timeout", async () => {
    const timeoutMs = 4 * TICK_MS;
    const clients: { client: RawClient; path: string }[] = [];
    for (const id of ensemble.ids) {
      const { client } = await RawClient.open(port(id), { timeoutMs });
      const path = newPath();
      await createEphemeral(client, path);
      clients.push({ client, path });
    }
    await ensemble.pause(leader);
    for (const endMs = performance.now() + 1.5 * timeoutMs; performance.now() < endMs;) {
      for (const { client } of clients) client.write(request(-2, OpCode.ping));
      await sleep(TICK_MS / 2);
    }
    ensemble.resume(leader);
    for (const { client, path } of clients) {
      client.write(request(7, OpCode.setData, body.setData(path, "alive")));
      let reply = await client.next();
      while (reply.xid === -2) reply = await client.next();
      expect(reply).toMatchObject({ xid: 7, err: ErrorCode.ok });
      await client.destroy();
    }
    expect(await ensemble.whenLed()).toBe(leader);
  });

  it("does not confuse the requests of two connections that both claim it", async () => {
    const [from, to] = followers as [number, number];
    const [path, other] = [newPath(), newPath()];
    const old = await RawClient.open(port(from));
    await old.client.call(1, OpCode.create, body.create(path));
    const { client } = await RawClient.open(port(to), again(old.session));
    await ensemble.pause(from);
    old.client.write(request(2, OpCode.setData, body.setData(path, "of the old connection")));
    const reply = await client.call(2, OpCode.create, body.create(other));
    expect(reply.err).toBe(ErrorCode.ok);
    ensemble.resume(from);
    await old.client.closed;
    expect(old.client.unreadCount).toBe(0);
    expect(dataOf(await client.call(3, OpCode.getData, body.read(path)))).toBe("");
    expect(ensemble.process(from).hasExited()).toBe(false);
    await client.destroy();
  });

  it("may be used at once, before the server has confirmed it", async () => {
    for (const id of [leader, followers[0]!]) {
      const client = await RawClient.dial(port(id));
      const path = newPath();
      client.write(
        Buffer.concat([
          connectRequest(),
          request(1, OpCode.create, body.create(path, "early")),
          request(2, OpCode.getData, body.read(path)),
        ]),
      );
      expect((await client.connectResponse()).timeoutMs).toBe(MAX_TIMEOUT_MS);
      const [created, read] = await client.take(2);
      expect(created).toMatchObject({ xid: 1, err: ErrorCode.ok });
      expect(dataOf(read!)).toBe("early");
      await client.destroy();
    }
  });

  it("is sent elsewhere by a server that knows less than its client", async () => {
    const { client } = await RawClient.open(port(leader));
    const { zxid } = await client.call(1, OpCode.create, body.create(newPath()));
    const ahead = await RawClient.dial(port(followers[0]!));
    ahead.write(connectRequest({ lastZxidSeen: zxid + 1000n }));
    await ahead.closed;
    expect(ahead.unreadCount).toBe(0);
    await client.destroy();
  });

  it("survives the death of the leader", async () => {
    const states: SessionState[] = [];
    const path = newPath();
    const client = await EnsembleClient.connect(ensemble.connectString(), {
      sessionTimeoutMs: 5 * TICK_MS,
    });
    client.onState((state) => {
      states.push(state);
    });
    const { sessionId } = client;
    await client.create(path, "", { mode: "ephemeral" });
    const victim = await ensemble.whenLed();
    await ensemble.kill(victim);
    await ensemble.startServer(victim);
    await ensemble.whenServing();
    // Longer than the timeout: the session lives by its pings to the new leader.
    await sleep(client.sessionTimeoutMs);
    expect(await client.exists(path)).toMatchObject({ ephemeralOwner: sessionId });
    expect(client.sessionId).toBe(sessionId);
    expect(states).not.toContain("expired");
    await client.close();
  });
});

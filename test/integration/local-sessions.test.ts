/**
 * Local sessions on a real ensemble (`localSessionsEnabled`): known to one server alone, without a
 * transaction, and made global by their first ephemeral node where that is allowed.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CreateMode, ErrorCode, OpCode, openAcl, writeMultiRequest } from "../../src/wire/index.ts";
import type { ConnectResponse, JuteWriter } from "../../src/wire/index.ts";
import { RawClient, body } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

const TICK_MS = 500;
const MIN_TIMEOUT_MS = 2 * TICK_MS;

let ensemble: TestEnsemble;
let leader: number;
let followers: number[];

async function start(isUpgrading: boolean): Promise<void> {
  ensemble = await TestEnsemble.start(3, {
    tickTime: TICK_MS,
    syncLimit: 10,
    localSessionsEnabled: "true",
    localSessionsUpgradingEnabled: String(isUpgrading),
  });
  leader = await ensemble.whenLed();
  followers = await ensemble.followers();
}

/** What a client says that comes back to its session. */
function again({ sessionId, password }: ConnectResponse): Partial<ConnectResponse> {
  return { sessionId, password };
}

function open(id: number, session?: ConnectResponse, timeoutMs = 10_000) {
  const wanted = session === undefined ? {} : again(session);
  return RawClient.open(ensemble.clientPort(id), { timeoutMs, ...wanted });
}

async function create(client: RawClient, path: string, flags: number): Promise<number> {
  return (await client.call(1, OpCode.create, body.create(path, "", flags))).err;
}

/** A multi that creates one node. */
function multiCreate(path: string, flags: number): (writer: JuteWriter) => void {
  const request = { path, data: Buffer.alloc(0), acl: openAcl, flags, ttlMs: undefined };
  return (writer) => {
    writeMultiRequest(writer, [{ type: OpCode.create, request }]);
  };
}

describe("A local session", () => {
  beforeAll(() => start(false));
  afterAll(() => ensemble.dispose());

  it("is opened and closed without a transaction, and may write", async () => {
    for (const id of ensemble.ids) {
      const witness = await open(id);
      const before = await witness.client.call(1, OpCode.sync, body.path("/"));
      const { client } = await open(id);
      expect((await client.call(1, OpCode.closeSession)).err).toBe(ErrorCode.ok);
      await client.closed;
      const after = await witness.client.call(2, OpCode.sync, body.path("/"));
      expect(after.zxid).toBe(before.zxid);
      expect(await create(witness.client, `/written-${id}`, CreateMode.persistent)).toBe(0);
      await witness.client.destroy();
    }
  });

  it("is taken up again at its own server, and is unknown elsewhere", async () => {
    for (const id of ensemble.ids) {
      const { client, session } = await open(id);
      await client.destroy();
      for (const other of ensemble.ids.filter((other) => other !== id)) {
        const moved = await open(other, session);
        expect(moved.session).toMatchObject({ sessionId: 0n, timeoutMs: 0 });
        await moved.client.closed;
      }
      const back = await open(id, session);
      expect(back.session.sessionId).toBe(session.sessionId);
      expect((await back.client.call(1, OpCode.exists, body.read("/"))).err).toBe(ErrorCode.ok);
      await back.client.destroy();
    }
  });

  it("outlives an election at its server", async () => {
    const [survivor = 0] = followers;
    const { client, session } = await open(survivor);
    await ensemble.kill(leader);
    await client.closed;
    await ensemble.startServer(leader);
    await ensemble.whenServing();
    leader = await ensemble.whenLed();
    followers = await ensemble.followers();
    const back = await open(survivor, session);
    expect(back.session.sessionId).toBe(session.sessionId);
    await back.client.destroy();
  });

  it("ends after its timeout of silence", async () => {
    for (const id of [leader, followers[0] ?? 0]) {
      const { client, session } = await open(id, undefined, MIN_TIMEOUT_MS);
      const openedAtMs = performance.now();
      await client.closed;
      expect(performance.now() - openedAtMs).toBeGreaterThan(MIN_TIMEOUT_MS - 100);
      const late = await open(id, session);
      expect(late.session.sessionId).toBe(0n);
      await late.client.closed;
    }
  });

  it("may own no ephemeral nodes", async () => {
    for (const id of [leader, followers[0] ?? 0]) {
      const { client } = await open(id);
      const { ephemeralOnLocalSession } = ErrorCode;
      expect(await create(client, "/mine", CreateMode.ephemeral)).toBe(ephemeralOnLocalSession);
      expect(await create(client, "/mine-", CreateMode.ephemeralSequential)).toBe(
        ephemeralOnLocalSession,
      );
      const multi = await client.call(2, OpCode.multi, multiCreate("/a", CreateMode.ephemeral));
      // As with Apache ZooKeeper, a follower passes on what its leader said: session expired.
      const err = id === leader ? ephemeralOnLocalSession : ErrorCode.sessionExpired;
      expect(multi.body.readInt32BE(9)).toBe(err);
      await client.destroy();
    }
  });
});

describe("A local session that may be upgraded", () => {
  beforeAll(() => start(true));
  afterAll(() => ensemble.dispose());

  it("becomes global with its first ephemeral node, and moves with it", async () => {
    for (const id of ensemble.ids) {
      const path = `/mine-${id}`;
      const { client, session } = await open(id);
      expect(await create(client, path, CreateMode.ephemeral)).toBe(ErrorCode.ok);
      await client.destroy();
      for (const other of [...ensemble.ids.filter((other) => other !== id), id]) {
        const moved = await open(other, session);
        expect(moved.session.sessionId).toBe(session.sessionId);
        await moved.client.call(1, OpCode.sync, body.path("/"));
        expect((await moved.client.call(2, OpCode.exists, body.read(path))).err).toBe(0);
        expect(await create(moved.client, `${path}-${other}`, CreateMode.ephemeral)).toBe(0);
        await moved.client.destroy();
      }
    }
  });

  it("becomes global by a multi, and its nodes go with it", async () => {
    const [id = 0] = followers;
    const { client } = await open(id);
    const witness = await open(leader);
    await client.call(1, OpCode.multi, multiCreate("/short-lived", CreateMode.ephemeral));
    expect((await client.call(2, OpCode.exists, body.read("/short-lived"))).err).toBe(0);
    expect((await client.call(3, OpCode.closeSession)).err).toBe(ErrorCode.ok);
    await eventually("the node is gone", async () => {
      const reply = await witness.client.call(1, OpCode.exists, body.read("/short-lived"));
      return reply.err === ErrorCode.noNode;
    });
    await witness.client.destroy();
  });
});

/**
 * The client library against the real Apache ZooKeeper: every operation, and what happens when the
 * server is killed and comes back.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { EnsembleClient, MultiError, ZkError } from "../../src/client/index.ts";
import type {
  ServerAddress,
  SessionState,
  Transport,
  TransportConnection,
  TransportHandlers,
  WatchEvent,
} from "../../src/client/index.ts";
import { nodeTransport } from "../../src/client/transport-node.ts";
import {
  installApacheZooKeeper,
  startApacheEnsemble,
  startApacheServer,
} from "./support/apache-zookeeper.ts";
import type { ApacheEnsemble } from "./support/apache-zookeeper.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import type { ServerProcess } from "./support/server-process.ts";

const INSTALL_TIMEOUT_MS = 400_000;
const SESSION_TIMEOUT_MS = 10_000;

await describeWithPeers("EnsembleClient on Apache ZooKeeper", [installApacheZooKeeper], () => {
  let baseFolder: string;
  let ensemble: ApacheEnsemble;
  let server: ServerProcess;
  let root: string;
  let testNumber = 0;

  const open = (suffix = ""): Promise<EnsembleClient> =>
    EnsembleClient.connect(ensemble.connectString + suffix, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });

  beforeAll(async () => {
    baseFolder = await mkdtemp(path.join(tmpdir(), "ensemble-client-"));
    ensemble = await startApacheEnsemble(1, { baseFolder });
    server = ensemble.servers[0]!;
  }, INSTALL_TIMEOUT_MS);

  afterAll(async () => {
    await server.stop();
    await rm(baseFolder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    testNumber += 1;
    root = `/test-${testNumber}`;
    const client = await open();
    await client.create(root);
    await client.close();
  });

  test("every operation does what it says", async () => {
    const client = await open(root);
    expect(await client.create("/a", "one")).toBe("/a");
    expect((await client.getData("/a")).data?.toString()).toBe("one");
    const made = await client.createWithStat("/a/e", "", { mode: "ephemeralSequential" });
    expect(made.path).toBe("/a/e0000000000");
    expect(made.stat.ephemeralOwner).toBe(client.sessionId);
    expect(await client.create("/c", "", { mode: "container" })).toBe("/c");
    expect((await client.setData("/a", "two", 0)).version).toBe(1);
    await expect(client.setData("/a", "three", 0)).rejects.toMatchObject({ code: "badVersion" });
    expect((await client.getChildren("/")).children.sort()).toEqual(["a", "c"]);
    expect((await client.exists("/a"))?.dataLength).toBe(3);
    expect(await client.exists("/b")).toBeNull();
    await expect(client.delete("/a")).rejects.toThrow("Cannot delete '/a': the node has children");
    await client.sync("/");
    await client.delete(made.path);
    await client.delete("/a", 1);
    await client.close();
    await expect(client.getData("/c")).rejects.toMatchObject({ code: "clientClosed" });
  });

  test("credentials and access control lists hold", async () => {
    const owner = await open(root);
    await owner.addAuth("digest", "me:secret");
    expect(await owner.whoAmI()).toContainEqual({ scheme: "digest", user: "me" });
    const acl = [{ perms: 31, id: { scheme: "auth", id: "" } }];
    await owner.create("/mine", "x", { acl });
    expect((await owner.getAcl("/mine")).acl).toMatchObject([{ id: { scheme: "digest" } }]);
    const stranger = await open(root);
    await expect(stranger.getData("/mine")).rejects.toMatchObject({ code: "noAuth" });
    await owner.setAcl("/mine", [{ perms: 1, id: { scheme: "world", id: "anyone" } }]);
    expect((await stranger.getData("/mine")).data?.toString()).toBe("x");
    await expect(stranger.addAuth("nonsense", "x")).rejects.toMatchObject({ code: "authFailed" });
    expect(stranger.state).toBe("auth-failed");
    await owner.close();
  });

  test("a multi is all or nothing", async () => {
    const client = await open(root);
    const results = await client.multi([
      { type: "create", path: "/a", data: "x" },
      { type: "setData", path: "/a", data: "y" },
      { type: "check", path: "/a", version: 1 },
      { type: "create", path: "/b" },
      { type: "delete", path: "/b" },
    ]);
    expect(results.map(({ type }) => type)).toEqual([
      "create",
      "setData",
      "check",
      "create",
      "delete",
    ]);
    expect(results[0]).toMatchObject({ path: "/a" });
    const failed = client.multi([
      { type: "create", path: "/c" },
      { type: "delete", path: "/gone" },
      { type: "delete", path: "/a" },
    ]);
    const failure = await failed.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MultiError);
    expect(failure).toMatchObject({
      failedIndex: 1,
      codes: ["ok", "noNode", "runtimeInconsistency"],
    });
    expect(await client.exists("/c")).toBeNull();
    await client.close();
  });

  test("a session and its watches outlive a kill -9 of the server", async () => {
    const client = await open(root);
    const states: SessionState[] = [];
    client.onState((state) => states.push(state));
    await client.create("/changes", "0");
    await client.create("/stays", "0");
    await client.create("/ephemeral", "", { mode: "ephemeral" });
    const events: WatchEvent[] = [];
    const watch = (event: WatchEvent): void => {
      events.push(event);
    };
    await client.getData("/changes", { watch });
    await client.getData("/stays", { watch });
    await client.exists("/comes", { watch });
    await client.getChildren("/", { watch });
    const sessionId = client.sessionId;

    await server.kill();
    // Sent into the broken connection, or kept for the next one: whichever comes first.
    const early = client.getData("/stays").catch((error: unknown) => ZkError.from(error).code);
    const { folder, zooCfgPath } = ensemble.members[0]!;
    server = await startApacheServer({ name: "apache-1", folder, zooCfgPath });
    const late = client.getData("/stays");
    expect((await late).data?.toString()).toBe("0");
    expect([await late, "connectionLoss"]).toContainEqual(await early);
    expect(client.sessionId).toBe(sessionId);
    expect((await client.exists("/ephemeral"))?.ephemeralOwner).toBe(sessionId);
    expect(events).toEqual([]);

    const other = await open(root);
    await other.setData("/changes", "1");
    await other.create("/comes", "x");
    await other.close();
    await expect
      .poll(() => events.map(({ type, path: at }) => `${type} ${at}`))
      .toEqual(["nodeDataChanged /changes", "nodeCreated /comes", "nodeChildrenChanged /"]);
    expect(states).toEqual(["disconnected", "connected"]);
    await client.close();
  });

  test("watches fire for what happened while the client was away", async () => {
    const transport = new BreakableTransport();
    const client = await EnsembleClient.connect(ensemble.connectString + root, { transport });
    await client.create("/changes", "0");
    await client.create("/stays", "0");
    await client.create("/goes", "0");
    const events: string[] = [];
    const watch = ({ type, path: at }: WatchEvent): void => {
      events.push(`${type} ${at}`);
    };
    await client.getData("/changes", { watch });
    await client.getData("/stays", { watch });
    await client.getData("/goes", { watch });
    await client.exists("/comes", { watch });
    transport.break();
    const other = await open(root);
    await other.setData("/changes", "1");
    await other.delete("/goes");
    await other.create("/comes");
    await other.close();
    transport.mend();
    const { data } = await client.getData("/changes");
    expect(data?.toString()).toBe("1");
    expect(events.sort()).toEqual([
      "nodeCreated /comes",
      "nodeDataChanged /changes",
      "nodeDeleted /goes",
    ]);
    await client.setData("/stays", "1");
    expect(events).toHaveLength(4);
    await client.close();
  });

  test("thousands of watches come back after a restart", async () => {
    const client = await open(root);
    const count = 2000;
    const longName = "n".repeat(150);
    const pathOf = (index: number): string => `/${longName}-${index}`;
    let fired = 0;
    const watch = (): void => {
      fired += 1;
    };
    const indexes = Array.from({ length: count }, (_, index) => index);
    await Promise.all(indexes.map((index) => client.exists(pathOf(index), { watch })));
    await server.stop();
    const { folder, zooCfgPath } = ensemble.members[0]!;
    server = await startApacheServer({ name: "apache-1", folder, zooCfgPath });
    await Promise.all(indexes.map((index) => client.create(pathOf(index), "")));
    await client.sync();
    expect(fired).toBe(count);
    await client.close();
  });

  test("a session whose client is away for too long expires", async () => {
    const transport = new BreakableTransport();
    const client = await EnsembleClient.connect(ensemble.connectString + root, {
      sessionTimeoutMs: 1000,
      transport,
    });
    // The server's least timeout is two ticks.
    expect(client.sessionTimeoutMs).toBe(4000);
    await client.create("/e", "", { mode: "ephemeral" });
    const lost = new Promise<WatchEvent>((resolve) => {
      void client.getData("/e", { watch: resolve });
    });
    await client.sync();
    transport.break();
    const witness = await open(root);
    await expect.poll(() => witness.exists("/e"), { timeout: 20_000, interval: 200 }).toBeNull();
    transport.mend();
    expect(await lost).toEqual({ type: "watchLost", path: "/e" });
    expect(client.state).toBe("expired");
    await expect(client.getData("/")).rejects.toMatchObject({ code: "sessionExpired" });
    await witness.close();
  });
});

/** TCP that the test can cut. */
class BreakableTransport implements Transport {
  #isBroken = false;
  #cut: () => void = () => undefined;

  connect(server: ServerAddress, handlers: TransportHandlers): TransportConnection {
    if (this.#isBroken) {
      setImmediate(() => handlers.closed(new Error("the network is broken")));
      return { send: () => undefined, close: () => undefined };
    }
    const connection = nodeTransport.connect(server, handlers);
    this.#cut = () => {
      connection.close();
      handlers.closed(new Error("the network broke"));
    };
    return connection;
  }

  break(): void {
    this.#isBroken = true;
    this.#cut();
  }

  mend(): void {
    this.#isBroken = false;
  }
}

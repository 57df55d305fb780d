/** The leader removes containers and TTL nodes whose time has come, on all servers. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CreateMode,
  ErrorCode,
  OpCode,
  openAcl,
  writeCreateRequest,
} from "../../src/wire/index.ts";
import type { JuteWriter } from "../../src/wire/index.ts";
import { RawClient, body, childrenOf } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

const ttlMs = 400;

describe("The leader", () => {
  let ensemble: TestEnsemble;
  let client: RawClient;
  let xid = 0;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, {
      extendedTypesEnabled: true,
      "znode.container.checkIntervalMs": 100,
    });
    const [follower] = await ensemble.followers();
    client = (await RawClient.open(ensemble.clientPort(follower!))).client;
  });

  afterAll(() => ensemble.dispose());

  async function call(type: number, write: (writer: JuteWriter) => void): Promise<number> {
    return (await client.call(++xid, type, write)).err;
  }

  const exists = async (path: string): Promise<boolean> =>
    (await call(OpCode.exists, body.read(path))) === ErrorCode.ok;

  it("removes a container after its last child, and none that has never had one", async () => {
    for (const path of ["/used", "/unused"]) {
      const create = body.create(path, "", CreateMode.container);
      expect(await call(OpCode.createContainer, create)).toBe(ErrorCode.ok);
    }
    await call(OpCode.create, body.create("/used/child"));
    await call(OpCode.delete, body.pathVersion("/used/child"));
    await eventually("the container is gone", async () => !(await exists("/used")));
    expect(await exists("/unused")).toBe(true);
  });

  it("removes a TTL node when it has not changed for its time", async () => {
    const flags = CreateMode.persistentWithTtl;
    const startedMs = performance.now();
    await call(OpCode.createTTL, (writer) => {
      writeCreateRequest(writer, { path: "/ttl", data: null, acl: openAcl, flags, ttlMs });
    });
    expect(await call(OpCode.create, body.create("/ttl/child"))).toBe(ErrorCode.ok);
    await eventually("its time has passed", () => performance.now() - startedMs > 2 * ttlMs);
    expect(await exists("/ttl")).toBe(true);
    await call(OpCode.delete, body.pathVersion("/ttl/child"));
    await eventually("the TTL node is gone", async () => !(await exists("/ttl")));
  });
});

describe("A server that may remove one node a minute", () => {
  it("removes one of three", async () => {
    const ensemble = await TestEnsemble.start(1, {
      "znode.container.checkIntervalMs": 50,
      "znode.container.maxPerMinute": 1,
      "znode.container.maxNeverUsedIntervalMs": 100,
    });
    try {
      const { client } = await RawClient.open(ensemble.clientPort(1));
      let xid = 0;
      for (const path of ["/a", "/b", "/c"]) {
        const create = body.create(path, "", CreateMode.container);
        await client.call(++xid, OpCode.createContainer, create);
      }
      const count = async (): Promise<number> => {
        const reply = await client.call(++xid, OpCode.getChildren, body.read("/"));
        return childrenOf(reply).length;
      };
      await eventually("one is gone", async () => (await count()) < 4);
      const goneMs = performance.now();
      await eventually("several looks later", () => performance.now() - goneMs > 500);
      expect(await count()).toBe(3);
    } finally {
      await ensemble.dispose();
    }
  });
});

/** How much there may be of nodes: quotas, and the ephemeral nodes of one session. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CreateMode, ErrorCode, OpCode } from "../../src/wire/index.ts";
import { RawClient, body, request } from "./support/raw-client.ts";
import { TestEnsemble } from "./support/test-ensemble.ts";

/** Small, so that a session can reach what fits in a frame. */
const frameBytesMax = 20_000;

describe("A server", () => {
  let ensemble: TestEnsemble;

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, { enforceQuota: true, "jute.maxbuffer": frameBytesMax });
  });

  afterAll(() => ensemble.dispose());

  it("refuses what is above a hard quota, and says so in its log", async () => {
    const leader = await ensemble.whenLed();
    const { client } = await RawClient.open(ensemble.clientPort(leader));
    let xid = 0;
    const create = async (path: string, data = ""): Promise<number> =>
      (await client.call(++xid, OpCode.create, body.create(path, data))).err;
    await create("/limited");
    await create("/zookeeper/quota/limited");
    const limits = "count=-1,bytes=-1=;countHardLimit=2";
    await create("/zookeeper/quota/limited/zookeeper_limits", limits);
    await create("/zookeeper/quota/limited/zookeeper_stats", "count=0,bytes=0");
    expect(await create("/limited/a")).toBe(ErrorCode.ok);
    expect(await create("/limited/b")).toBe(ErrorCode.quotaExceeded);
    const warnings = ensemble.log(leader).filter(({ message }) => message === "Quota exceeded");
    expect(warnings).toMatchObject([{ path: "/limited", used: "3", limit: "2", refused: true }]);
  });

  it("refuses ephemeral nodes that would not fit in the closing of their session", async () => {
    const [follower] = await ensemble.followers();
    const { client } = await RawClient.open(ensemble.clientPort(follower!));
    const name = "n".repeat(996 - 4);
    const count = 25;
    const creates = Array.from({ length: count }, (_, index) =>
      request(
        index + 1,
        OpCode.create,
        body.create(`/${String(index).padStart(3, "0")}${name}`, "", CreateMode.ephemeral),
      ),
    );
    client.write(Buffer.concat(creates));
    const replies = await client.take(count);
    const accepted = replies.filter(({ err }) => err === ErrorCode.ok).length;
    // Each path takes 1000 bytes, its length included.
    expect(accepted).toBe(Math.floor((frameBytesMax - 64) / 1000));
    expect(replies.at(-1)?.err).toBe(ErrorCode.quotaExceeded);
    expect((await client.call(count + 1, OpCode.closeSession)).err).toBe(ErrorCode.ok);
    await ensemble.kill(...ensemble.ids);
    for (const id of ensemble.ids) await ensemble.startServer(id);
    await ensemble.whenServing();
  });
});

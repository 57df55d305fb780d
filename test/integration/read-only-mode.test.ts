/**
 * Read-only mode on a real ensemble (`readonlymode.enabled`): a server that finds no quorum serves
 * reads to clients that say they are content with them.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askFourLetterWord } from "../compat/support/four-letter-word.ts";
import { ErrorCode, OpCode } from "../../src/wire/index.ts";
import { RawClient, body, dataOf } from "./support/raw-client.ts";
import { TestEnsemble, eventually } from "./support/test-ensemble.ts";

describe("A server without a quorum", () => {
  let ensemble: TestEnsemble;
  const survivor = 1;
  const others = [2, 3];

  const port = (): number => ensemble.clientPort(survivor);

  const mode = (): Promise<string> => askFourLetterWord("127.0.0.1", port(), "isro");

  beforeAll(async () => {
    ensemble = await TestEnsemble.start(3, { "readonlymode.enabled": "true" });
  });

  afterAll(() => ensemble.dispose());

  it("serves reads to those who asked for it, until the quorum is back", async () => {
    expect(await mode()).toBe("rw");
    const global = await RawClient.open(port(), { readOnly: true });
    expect(global.session.readOnly).toBe(false);
    await global.client.call(1, OpCode.create, body.create("/read", "me"));
    await ensemble.kill(...others);
    await global.client.closed;
    await eventually("the server is in read-only mode", async () => (await mode()) === "ro");

    const { client, session } = await RawClient.open(port(), { readOnly: true });
    expect(session.readOnly).toBe(true);
    expect(session.timeoutMs).toBeGreaterThan(0);
    expect(dataOf(await client.call(1, OpCode.getData, body.read("/read", true)))).toBe("me");
    for (const [xid, type, write] of [
      [2, OpCode.create, body.create("/new")],
      [3, OpCode.setData, body.setData("/read", "x")],
      [4, OpCode.delete, body.pathVersion("/read")],
      [5, OpCode.sync, body.path("/")],
    ] as const) {
      expect((await client.call(xid, type, write)).err).toBe(ErrorCode.notReadOnly);
    }

    // Others are turned away without a word, so that they look elsewhere: also who has a session.
    for (const wanted of [
      {},
      { readOnly: undefined },
      { readOnly: true, sessionId: global.session.sessionId, password: global.session.password },
    ]) {
      await expect(RawClient.open(port(), wanted)).rejects.toThrow("closed");
    }
    const again = { readOnly: true, sessionId: session.sessionId, password: session.password };
    const back = await RawClient.open(port(), again);
    expect(back.session.sessionId).toBe(session.sessionId);
    await client.closed;
    const ending = await RawClient.open(port(), { readOnly: true });
    expect((await ending.client.call(1, OpCode.closeSession)).err).toBe(ErrorCode.ok);
    await ending.client.closed;

    for (const id of others) await ensemble.startServer(id);
    await back.client.closed;
    await ensemble.whenServing();
    expect(await mode()).toBe("rw");
    const resumed = await RawClient.open(port(), {
      sessionId: global.session.sessionId,
      password: global.session.password,
    });
    expect(resumed.session.sessionId).toBe(global.session.sessionId);
    expect((await resumed.client.call(1, OpCode.setData, body.setData("/read", "x"))).err).toBe(0);
    const gone = await RawClient.open(port(), again);
    expect(gone.session).toMatchObject({ sessionId: 0n, timeoutMs: 0 });
    await resumed.client.destroy();
  });
});

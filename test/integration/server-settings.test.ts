/** Settings of a configuration file that show only on a server that runs. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { startLeader } from "./support/in-process-server.ts";

async function modeOf(port: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  const socket = connect(port, "127.0.0.1").end("srvr");
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return /^Mode: (.*)$/mu.exec(Buffer.concat(chunks).toString())?.[1];
}

it("leaderServes=no keeps clients away from a leader", async () => {
  const port = await startLeader("leaderServes=no");
  await expect.poll(() => modeOf(port), { timeout: 10_000 }).toBe("leader");
  await expect(
    EnsembleClient.connect(`127.0.0.1:${port}`, { firstConnectTimeoutMs: 500 }),
  ).rejects.toMatchObject({ name: "ZkError" });
});

it("leaderServes=yes is the default, and keep-alive does no harm", async () => {
  const port = await startLeader("clientTcpKeepAlive=true\ntcpKeepAlive=true");
  await expect.poll(() => modeOf(port), { timeout: 10_000 }).toBe("leader");
  const client = await EnsembleClient.connect(`127.0.0.1:${port}`);
  expect(await client.getChildren("/")).toBeDefined();
  await client.close();
});

it("nio.sessionlessCnxnTimeout closes a silent connection that has no session", async () => {
  const port = await startLeader("nio.sessionlessCnxnTimeout=200");
  const client = await EnsembleClient.connect(`127.0.0.1:${port}`);
  const silent = connect(port, "127.0.0.1");
  await once(silent.resume(), "close");
  expect(await client.exists("/")).not.toBeNull();
  await client.close();
});

/** Settings of a configuration file that show only on a server that runs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { EnsembleClient } from "../../src/client/index.ts";
import { systemClock } from "../../src/main/system-clock.ts";
import { nullLogger } from "../../src/observe/index.ts";
import { loadServerConfig, startServer } from "../../src/server/index.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A quorum of one, so that its server leads; returns its client port. */
async function startLeader(settings: string): Promise<number> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "data", "myid"), "1\n");
  const file = join(folder, "zoo.cfg");
  writeFileSync(
    file,
    `dataDir=${join(folder, "data")}
tickTime=1000
initLimit=5
syncLimit=2
standaloneEnabled=false
server.1=127.0.0.1:0:0
clientPort=0
clientPortAddress=127.0.0.1
${settings}
`,
  );
  const server = await startServer({
    config: loadServerConfig(file),
    logger: nullLogger,
    clock: systemClock,
  });
  onTestFinished(() => server.stop());
  return server.clientPort;
}

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

/** A server inside the test's own process: a quorum of one with the settings that a test adds. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { systemClock } from "../../../src/main/system-clock.ts";
import { nullLogger } from "../../../src/observe/index.ts";
import type { Logger } from "../../../src/observe/index.ts";
import { loadServerConfig, startServer } from "../../../src/server/index.ts";
import type { RunningServer } from "../../../src/server/start-server.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Starts it and returns its client port; it is stopped at the end of the test. */
export async function startLeader(settings: string, logger: Logger = nullLogger): Promise<number> {
  return (await startInProcess(settings, logger)).server.clientPort;
}

/** Starts it and returns it with its configuration file; it is stopped at the end of the test. */
export async function startInProcess(
  settings: string,
  logger: Logger = nullLogger,
): Promise<{ readonly file: string; readonly server: RunningServer }> {
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
    logger,
    clock: systemClock,
  });
  onTestFinished(() => server.stop());
  return { file, server };
}

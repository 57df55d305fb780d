/**
 * Admin commands that move the whole state: `snapshot` writes one by way of the storage, in
 * ZooKeeper's format, and sends the file; `restore` is refused. Taking a snapshot costs a pass over
 * the whole tree and the disk's time, hence the limit on how often.
 */
import { open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import { formatHex } from "../../wire/index.ts";
import type { AdminConfig } from "../config/index.ts";
import type { AdminCommand, CommandContext, CommandResult } from "./admin-command.ts";
import { RateLimiter } from "./rate-limiter.ts";

const noRestore =
  "A running server does not take a snapshot to restore from: stop all servers of the ensemble, " +
  "put the snapshot in place of the files in their data folders, and start them again";

/** The commands, with limits of their own. */
export function createSnapshotCommands(
  config: AdminConfig,
  clock: Clock,
  logger: Logger,
): readonly AdminCommand[] {
  const limiter = new RateLimiter(clock, config.rateLimiterIntervalMs);
  const snapshot = async (context: CommandContext): Promise<CommandResult> => {
    if (!config.isSnapshotEnabled) return { statusCode: 503 };
    if (!limiter.allow()) {
      logger.warn("Snapshot request was rate limited");
      return { statusCode: 429 };
    }
    try {
      return await takeSnapshot(context);
    } catch (error) {
      logger.warn("Snapshot request failed", { error });
      return { statusCode: 500, data: { error: "The snapshot could not be written" } };
    }
  };
  return [
    { names: ["snapshot", "snap"], needsRoot: true, run: snapshot },
    {
      names: ["restore", "rest"],
      method: "any",
      needsRoot: true,
      run: () => ({ statusCode: config.isRestoreEnabled ? 501 : 503, data: { error: noRestore } }),
    },
  ];
}

async function takeSnapshot({ facts, parameters }: CommandContext): Promise<CommandResult> {
  const zxid = await facts.replica.takeSnapshot();
  const file = await openSnapshot(facts.folders.data, zxid);
  const { size } = await file.stat();
  const headers = { last_zxid: formatHex(zxid), snapshot_size: String(size) };
  const isStreaming = (parameters.get("streaming") ?? "true").toLowerCase() === "true";
  if (isStreaming) return { headers, file };
  await file.close();
  return { headers };
}

/** The file of a snapshot, compressed or not. */
async function openSnapshot(folder: string, zxid: bigint): Promise<FileHandle> {
  const stem = `snapshot.${zxid.toString(16)}`;
  const names = await readdir(folder);
  const name = names.find((each) => [stem, `${stem}.gz`, `${stem}.snappy`].includes(each));
  return open(path.join(folder, name ?? stem), "r");
}

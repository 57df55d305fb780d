/**
 * The admin command that has a server read its settings anew, `POST reload`. It is ours; ZooKeeper
 * has none of the kind.
 */
import { ConfigError } from "../config/index.ts";
import type { AdminCommand, CommandContext, CommandResult } from "./admin-command.ts";

export const settingsCommands: readonly AdminCommand[] = [
  { names: ["reload"], method: "POST", needsRoot: true, run: reload },
];

function reload({ facts }: CommandContext): CommandResult {
  try {
    const { applied, awaitingRestart } = facts.settings.reload();
    return { data: { applied, awaiting_restart: awaitingRestart } };
  } catch (error) {
    if (error instanceof ConfigError) return { statusCode: 400, data: { error: error.message } };
    throw error;
  }
}

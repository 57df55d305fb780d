/** Has a member's server take up the settings that the operator writes while it runs. */
import type { Logger } from "../../observe/index.ts";
import { watchText } from "../../operator/index.ts";
import type { RunningServer } from "../serve.ts";

/** Settings that the operator may write anew at any time, in one step. */
export interface FollowedSettings {
  readonly file: string;
  /** What the server was started with. */
  readonly text: string;
}

/** How often it is looked whether there are other settings. */
const LOOK_MS = 2_000;

export function followSettings(
  { file, text }: FollowedSettings,
  server: RunningServer,
  logger: Logger,
): { close(): void } {
  const reload = (newest: string | null): void => {
    if (newest === null) return;
    try {
      server.reload();
    } catch (error) {
      // Whatever it is: all members of an ensemble get the same settings, and must not end of them.
      const reason = error instanceof Error ? error.message : String(error);
      logger.error("The new settings cannot be used: nothing changes", { reason });
    }
  };
  return watchText(file, text, reload, LOOK_MS);
}

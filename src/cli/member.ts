/**
 * `ensemble member`: what the pods of an ensemble run. It makes the configuration of a server from
 * what the operator has mounted and what the pod's volume holds, and runs the server in the same
 * process until it is asked to stop. Other settings that the operator writes meanwhile are taken
 * up as far as that needs no restart. `ensemble up` runs its members with it as well, each with a
 * folder of its own.
 */
import type { Command } from "commander";
import { hashText } from "../base/index.ts";
import { memberIdOf } from "../operator/index.ts";
import { followSettings } from "./member/follow-settings.ts";
import { prepareMember } from "./member/prepare-member.ts";
import { rereadMember, settingsFileOf } from "./member/reread-member.ts";
import { addServeOptions, serve, whenStopWanted } from "./serve.ts";
import type { ServeDeps, ServeFlags } from "./serve.ts";

/** What the command needs from the process that it runs in. */
export interface MemberDeps extends ServeDeps {
  /** The pod's name from the environment; null when it is not set. */
  readonly podName: string | null;
}

interface MemberFlags extends ServeFlags {
  readonly config: string;
  readonly name?: string;
  readonly recovery?: string;
}

/** Adds the command to `program`. */
export function registerMember(program: Command, deps: MemberDeps): void {
  const command = program
    .command("member")
    .description("run the member of an ensemble that a pod is")
    .option("--config <folder>", "what the operator has written", "/etc/ensemble")
    .option("--name <pod>", "the pod's name (default: POD_NAME of the environment)")
    .option("--recovery <uid>", "the identity that a recovery has given the ensemble");
  addServeOptions(command).action(async (flags: MemberFlags) => {
    const name = flags.name ?? deps.podName ?? "";
    const id = memberIdOf(name);
    if (id === null) {
      return command.error(`error: expected the name of a pod with its number, found '${name}'`);
    }
    await runMember(id, flags, deps);
  });
}

async function runMember(id: number, flags: MemberFlags, deps: MemberDeps): Promise<void> {
  const stopWanted = whenStopWanted(flags, deps);
  const logger = deps.createLogger({ file: flags.logFile ?? null, level: flags.logLevel });
  if (flags.recovery !== undefined) {
    // It reads the data as a server does, and is seldom wanted.
    const { obeyRecovery } = await import("./member/obey-recovery.ts");
    await obeyRecovery(flags.config, { id, ensembleUid: flags.recovery, logger });
  }
  const { file, settings, isFounding } = await prepareMember(flags.config, id);
  logger.info("Configuration is written", { server: String(id), file, isFounding });
  const config = { ...deps.loadServerConfig(file), settingsDigest: hashText(settings) };
  const settingsFile = settingsFileOf(flags.config);
  await serve(
    {
      config,
      logger,
      stopWanted,
      readConfig: () => rereadMember(settingsFile, file),
      accompany: (server, log) =>
        followSettings({ file: settingsFile, text: settings }, server, log),
    },
    deps,
  );
}

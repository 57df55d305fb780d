/**
 * One side of a comparison: servers of ours or of Apache's, started from the same kind of files
 * on loopback. Knows how to start them, how to say where they are, and how to stop them.
 */
import path from "node:path";
import { buildPackage } from "./built-package.ts";
import type { BuiltPackage } from "./built-package.ts";
import { startApacheServer } from "../test/compat/support/apache-zookeeper.ts";
import { startEnsembleServer } from "../test/compat/support/ensemble-server.ts";
import { connectStringOf, layOutEnsemble } from "../test/compat/support/member-layout.ts";
import type { MemberLayout, ZooCfg } from "../test/compat/support/member-layout.ts";
import { waitUntilServing } from "../test/compat/support/server-process.ts";
import type { ServerProcess } from "../test/compat/support/server-process.ts";

/** Whose servers. */
export const SideName = { ours: "ours", apache: "apache" } as const;
export type SideName = (typeof SideName)[keyof typeof SideName];

/** How to start a side. */
export interface SideOptions {
  readonly name: SideName;
  readonly serverCount: number;
  /** Configuration, data and logs go below. */
  readonly baseFolder: string;
  /** Settings besides the usual ones. */
  readonly config?: ZooCfg;
  /** Flags of the runtime for server `id` of our side; Apache's side has its stock flags. */
  readonly nodeFlagsOf?: (id: number) => readonly string[];
}

/** Running servers. */
export interface Side {
  readonly name: SideName;
  readonly members: readonly MemberLayout[];
  /** By position as `members`; an entry changes when {@link Side.restart} is called. */
  readonly servers: readonly ServerProcess[];
  /** "host:port,host:port…" */
  readonly connectString: string;
  /** Starts server `index` again after it has ended; waits until it serves. */
  restart(index: number): Promise<void>;
  /** Stops all politely. */
  stop(): Promise<void>;
}

/** Starts the servers of a side and waits until all serve; kills them when one does not. */
export async function startSide(options: SideOptions): Promise<Side> {
  const baseFolder = path.join(options.baseFolder, `${options.name}-${options.serverCount}`);
  const built = options.name === SideName.apache ? undefined : await buildPackage();
  const members = await layOutEnsemble(options.serverCount, {
    baseFolder,
    ...(options.config === undefined ? {} : { config: options.config }),
  });
  const servers: ServerProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  try {
    for (const member of members) {
      servers.push(await startMember(options, member, built));
    }
    await waitUntilServing(servers);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    name: options.name,
    members,
    servers,
    connectString: connectStringOf(members),
    restart: async (index) => {
      const server = await startMember(options, members[index] as MemberLayout, built);
      servers[index] = server;
      await waitUntilServing([server]);
    },
    stop,
  };
}

function startMember(
  options: SideOptions,
  member: MemberLayout,
  built: BuiltPackage | undefined,
): Promise<ServerProcess> {
  const { folder, zooCfgPath } = member;
  const common = { name: `${options.name}-${member.id}`, folder, zooCfgPath, wait: false };
  return options.name === SideName.apache
    ? startApacheServer(common)
    : startEnsembleServer({
        ...common,
        ...built,
        nodeFlags: [...(built?.nodeFlags ?? []), ...(options.nodeFlagsOf?.(member.id) ?? [])],
      });
}

/**
 * Carries a change of the ensemble's members to the parts of a server that have to move with it:
 * the election port, the port for clients, and the configuration files. (The quorum port opens with
 * the leadership, where it then has to be.) Nothing of it is waited for, and a port that cannot be
 * had is an error in the log: the change is in force all the same.
 */
import type { Logger } from "../observe/index.ts";
import type { ClientPorts } from "./client-ports.ts";
import type { ServerConfig } from "./config/index.ts";
import type { ElectionNetwork } from "./election-network.ts";
import { ListenError } from "./listen-error.ts";
import type { ConfigFiles, EnsembleView } from "./reconfig/index.ts";
import { bindEndpoint, formatEndpoint, listenHost } from "./reconfig/index.ts";

export interface EnsembleFollowers {
  readonly config: ServerConfig;
  readonly sid: bigint;
  readonly election: ElectionNetwork | undefined;
  readonly clients: ClientPorts;
  /** Undefined where configurations do not change. */
  readonly files: ConfigFiles | undefined;
  readonly logger: Logger;
}

export function followEnsemble(view: EnsembleView, followers: EnsembleFollowers): void {
  const { config, sid, election, clients, files, logger } = followers;
  let moves = Promise.resolve();
  const move = async (): Promise<void> => {
    const own = view.electionEndpoints.get(sid);
    const client = view.own?.clientAddress;
    if (own !== undefined) {
      const bind = bindEndpoint(own, config);
      await ListenError.wrap("election", async () => election?.move(bind, formatEndpoint(own)));
    }
    if (client !== undefined) {
      await clients.move({ host: listenHost(client.host) ?? "0.0.0.0", port: client.port });
    }
  };
  const failed = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    logger.error("Cannot move to where the configuration has this server", { reason });
  };
  view.onChange(() => {
    files?.record(view.active, view.lastSeen);
    moves = moves.then(move).catch(failed);
  });
}

/**
 * Three of Apache's servers beside the cluster, as a team has them before it comes to Kubernetes:
 * in the node's network, where they reach pods and look up their names at the cluster's DNS.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { installApacheZooKeeper } from "../../compat/support/apache-zookeeper.ts";
import { formatZooCfg } from "../../compat/support/member-layout.ts";
import { startServerProcess } from "../../compat/support/server-process.ts";
import type { ServerProcess } from "../../compat/support/server-process.ts";
import { superUser } from "../../compat/support/tree-dump.ts";
import { CLUSTER_ADDRESS } from "./cluster-transport.ts";

const IDS = [1, 2, 3];
const NETWORK = "/run/netns/test-cluster";
const JVM_FLAGS = ["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
/** Runs "$@" with a file of its own for its resolver. */
const WITH_RESOLVER = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

/** Servers that run. */
export class OldServers {
  readonly #folder: string;
  readonly #processes: readonly ServerProcess[];

  private constructor(folder: string, processes: readonly ServerProcess[]) {
    this.#folder = folder;
    this.#processes = processes;
  }

  /** Starts them; they serve in a few seconds. */
  static async start(): Promise<OldServers> {
    const { classPath } = await installApacheZooKeeper();
    const folder = await mkdtemp(path.join(tmpdir(), "ensemble-old-"));
    const resolver = path.join(folder, "resolv.conf");
    await writeFile(resolver, `nameserver ${CLUSTER_ADDRESS}\n`);
    const inside = ["--net=" + NETWORK, "unshare", "--mount", "sh", "-c", WITH_RESOLVER, resolver];
    const starting = IDS.map(async (id) => {
      const zooCfg = await layOut(path.join(folder, String(id)), id);
      const main = "org.apache.zookeeper.server.quorum.QuorumPeerMain";
      return startServerProcess({
        name: `old-${id}`,
        file: "nsenter",
        args: [...inside, "java", ...JVM_FLAGS, "-cp", classPath, main, zooCfg],
        folder,
        clientPort: clientPortOf(id),
      });
    });
    return new OldServers(folder, await Promise.all(starting));
  }

  /** Where each serves clients. */
  get addresses(): string[] {
    return IDS.map((id) => `${CLUSTER_ADDRESS}:${clientPortOf(id)}`);
  }

  /** Ends them in order. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((server) => server.stop()));
  }

  /** Ends them and removes what they have. */
  async remove(): Promise<void> {
    await Promise.all(this.#processes.map((server) => server.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function clientPortOf(id: number): number {
  return 12_180 + id;
}

/** Writes the files of server `id`; answers the path of its `zoo.cfg`. */
async function layOut(folder: string, id: number): Promise<string> {
  const dataDir = path.join(folder, "data");
  await mkdir(dataDir, { recursive: true });
  await writeFile(path.join(dataDir, "myid"), `${id}\n`);
  const servers = IDS.map((sid): [string, string] => [
    `server.${sid}`,
    `${CLUSTER_ADDRESS}:${12_880 + sid}:${13_880 + sid}`,
  ]);
  const zooCfg = path.join(folder, "zoo.cfg");
  const config = {
    tickTime: 500,
    initLimit: 20,
    syncLimit: 10,
    dataDir,
    clientPort: clientPortOf(id),
    clientPortAddress: CLUSTER_ADDRESS,
    reconfigEnabled: true,
    "admin.enableServer": false,
    ...superUser.config,
    ...Object.fromEntries(servers),
  };
  await writeFile(zooCfg, formatZooCfg(config));
  return zooCfg;
}

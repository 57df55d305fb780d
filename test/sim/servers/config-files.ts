/** The files that a simulated server is configured by. */
import type { SimOptions } from "./options.ts";

export const clientPort = 2181;
export const dataFolder = "/data/";

export function hostOf(sid: bigint): string {
  return `10.0.0.${sid}`;
}

/** The ids of all servers: voters first. */
export function sidsOf({ voters, observers }: SimOptions): bigint[] {
  return Array.from({ length: voters + observers }, (_, index) => BigInt(index + 1));
}

export function configFiles(
  sid: bigint,
  options: SimOptions,
): readonly (readonly [path: string, text: string])[] {
  const { tickMs, voters } = options;
  const servers = sidsOf(options).map((other) => {
    const role = other > BigInt(voters) ? "observer" : "participant";
    return `server.${other}=${hostOf(other)}:2888:3888:${role}`;
  });
  const lines = [
    `dataDir=${dataFolder}`,
    `clientPort=${clientPort}`,
    `tickTime=${tickMs}`,
    `initLimit=${options.initLimitTicks}`,
    `syncLimit=${options.syncLimitTicks}`,
    `minSessionTimeout=${options.sessionTimeoutMs / 2}`,
    `maxSessionTimeout=${options.sessionTimeoutMs * 2}`,
    `snapCount=${options.snapCount}`,
    `commitLogCount=${options.commitLogCount}`,
    `preAllocSize=${options.preAllocKb}`,
    `txnLogSizeLimitInKb=${options.txnLogLimitKb}`,
    "autopurge.purgeInterval=1",
    "admin.enableServer=false",
    "maxClientCnxns=0",
    "db.autocreate=false",
    `observerMasterPort=${options.observerMasters ? 2889 : 0}`,
    ...(servers.length === 1 ? [] : servers),
  ];
  return [
    ["/conf/zoo.cfg", `${lines.join("\n")}\n`],
    [`${dataFolder}myid`, `${sid}\n`],
  ];
}

/** The files that a simulated server is configured by. */
import type { ServerRole } from "../../../src/wire/index.ts";
import type { SimOptions } from "./options.ts";

export const clientPort = 2181;
export const dataFolder = "/data/";

export function hostOf(sid: bigint): string {
  return `10.0.0.${sid}`;
}

/** The ids of all servers: voters first, spares last. */
export function sidsOf({ voters, observers, members }: SimOptions): bigint[] {
  const count = voters + observers + members.spares;
  return Array.from({ length: count }, (_, index) => BigInt(index + 1));
}

/** Who is in the first configuration, and in which role. */
export function firstRoles({ voters, observers }: SimOptions): Map<bigint, ServerRole> {
  const roles = new Map<bigint, ServerRole>();
  for (let sid = 1; sid <= voters + observers; sid++) {
    roles.set(BigInt(sid), sid <= voters ? "participant" : "observer");
  }
  return roles;
}

/** A server's line in a configuration. */
export function memberLine(sid: bigint, role: ServerRole): string {
  return `server.${sid}=${hostOf(sid)}:2888:3888:${role};0.0.0.0:${clientPort}`;
}

export function configFiles(
  sid: bigint,
  options: SimOptions,
): readonly (readonly [path: string, text: string])[] {
  const { tickMs, members } = options;
  const isChangeable = members.changeEveryMs > 0;
  const roles = firstRoles(options);
  // A spare knows of the others, and of itself as whatever it may become.
  if (!roles.has(sid)) roles.set(sid, sid % 2n === 0n ? "participant" : "observer");
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
    ...(isChangeable ? ["reconfigEnabled=true", "standaloneEnabled=false", "skipACL=yes"] : []),
    ...(roles.size > 1 || isChangeable
      ? [...roles].map(([other, role]) => memberLine(other, role))
      : []),
  ];
  return [
    ["/conf/zoo.cfg", `${lines.join("\n")}\n`],
    [`${dataFolder}myid`, `${sid}\n`],
  ];
}

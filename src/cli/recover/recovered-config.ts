/**
 * The configuration with which the survivor of a lost quorum leads alone, as text: a dynamic file
 * with the new membership, and the main file that names it. Nothing is read or written here.
 */
import { formatQuorumConfig, makeQuorumConfig, makeZxid, zxidEpoch } from "../../wire/index.ts";
import type { ServerSpec } from "../../wire/index.ts";

/**
 * How far the new epoch is above what the survivor knows of: each election of those who are lost
 * may have taken one, and clients that saw a later one could not come back.
 */
const epochsSkipped = 1000;

/** What the survivor is and has. */
export interface Survivor {
  readonly sid: bigint;
  readonly servers: ReadonlyMap<bigint, ServerSpec>;
  readonly configVersion: bigint;
  readonly lastZxid: bigint;
  readonly acceptedEpoch: number;
}

/** Version of the new membership; a leader's epoch is above the one in it. */
export function recoveredVersion({
  lastZxid,
  acceptedEpoch,
  configVersion,
}: Pick<Survivor, "lastZxid" | "acceptedEpoch" | "configVersion">): bigint {
  const known = Math.max(acceptedEpoch, zxidEpoch(lastZxid), zxidEpoch(configVersion));
  return makeZxid(known + epochsSkipped, 0);
}

/** The dynamic file: the survivor is the only voter, all others get their data from it. */
export function recoveredMembership({ sid, servers }: Survivor): string {
  const changed = [...servers.values()].map((server): ServerSpec => {
    return { ...server, role: server.sid === sid ? "participant" : "observer" };
  });
  const lines = formatQuorumConfig(makeQuorumConfig({ servers: changed, version: 0n })).split("\n");
  return lines
    .filter((line) => line.startsWith("server."))
    .map((line) => `${line}\n`)
    .join("");
}

const membershipKey = new RegExp(
  String.raw`^\s*(zookeeper\.)?((server|group|weight)\.\d+|` +
    String.raw`dynamicConfigFile|standaloneEnabled|peerType)\s*[=: \t]`,
  "u",
);

/** The main file without its membership, and with the name of the dynamic file. */
export function recoveredMainFile(text: string, dynamicFile: string): string {
  const kept: string[] = [];
  let isDropped = false;
  let isContinued = false;
  for (const line of text.split(/\r?\n/u)) {
    if (!isContinued) isDropped = membershipKey.test(line);
    // An odd number of backslashes at its end continues a line on the next one.
    isContinued = (/\\*$/u.exec(line)?.[0].length ?? 0) % 2 === 1;
    if (!isDropped) kept.push(line);
  }
  while (kept.at(-1) === "") kept.pop();
  const value = dynamicFile.replaceAll("\\", String.raw`\\`);
  return [...kept, "standaloneEnabled=false", `dynamicConfigFile=${value}`, ""].join("\n");
}

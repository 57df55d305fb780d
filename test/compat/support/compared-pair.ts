/** Apache's server and ours, alike in all that can be set, ready to be compared. */
import { ComparedServer } from "./compared-server.ts";
import { Comparison } from "./comparison.ts";
import { frameBytesMax } from "./request-values.ts";
import type { RequestOptions } from "./random-requests.ts";
import { ServerGroup } from "./server-group.ts";

/** Two servers that run, and their comparison. */
export interface ComparedPair {
  readonly comparison: Comparison;
  remove(): Promise<void>;
}

/** Empty containers and nodes past their time stay: no two servers look for them at once. */
const CHECK_INTERVAL_MS = 86_400_000;

export async function startComparedPair(options: RequestOptions = {}): Promise<ComparedPair> {
  const config = {
    extendedTypesEnabled: true,
    "jute.maxbuffer": frameBytesMax,
    "znode.container.checkIntervalMs": CHECK_INTERVAL_MS,
    ...(options.hasQuotas === true ? { enforceQuota: true } : {}),
  };
  // What has no "zookeeper." before its name does not reach Apache's server from its file.
  const jvmFlags = [
    `-Djute.maxbuffer=${frameBytesMax}`,
    `-Dznode.container.checkIntervalMs=${CHECK_INTERVAL_MS}`,
  ];
  const apache = await ServerGroup.layOut(1, config, { jvmFlags });
  const ours = await ServerGroup.layOut(1, config);
  const remove = async (): Promise<void> => {
    await Promise.all([apache.remove(), ours.remove()]);
  };
  try {
    await Promise.all([apache.start("apache"), ours.start("ensemble")]);
  } catch (error) {
    await remove();
    throw error;
  }
  const reference = new ComparedServer(apache.member(1).ports.client);
  const subject = new ComparedServer(ours.member(1).ports.client);
  return {
    comparison: new Comparison(reference, subject),
    remove,
  };
}

/** The cluster's DNS, which can be made to answer nobody. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freezeProcess } from "../../support/freeze-process.ts";
import { CLUSTER_HOME } from "./kubectl.ts";

/** Does something while lookups of names get no answer. */
export async function withoutDns(action: () => Promise<unknown>): Promise<void> {
  const pid = Number(await readFile(join(CLUSTER_HOME, "run/pid/coredns"), "utf8"));
  await freezeProcess(pid);
  try {
    await action();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

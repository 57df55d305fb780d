/**
 * At the end of a run: every server has the tree that the history makes, node for node, and the
 * same members in force, which it shows as the others do.
 */
import type { Replica } from "../../../src/server/replica.ts";
import { configPath } from "../../../src/tree/index.ts";
import type { DataTree } from "../../../src/tree/index.ts";
import { formatHex } from "../../../src/wire/index.ts";
import { Violation } from "../violation.ts";
import { textOf } from "./model-members.ts";
import type { ModelMembers } from "./model-members.ts";
import type { History } from "./history.ts";
import type { Server } from "./world.ts";

/** @throws Violation for the first tree that is another one. */
export function checkTrees(servers: readonly Server[], history: History): void {
  const { model, newestZxid } = history;
  const expected = model
    .pathsAt(newestZxid)
    .filter((path) => path !== "/")
    .sort();
  const digests = new Set<bigint>();
  const configStats = new Set<string>();
  for (const { sid, replica } of servers) {
    if (replica === undefined) throw new Violation("equal trees", `server ${sid} is down`);
    const { tree } = replica;
    digests.add(tree.digest);
    const fail = (problem: string): never => {
      throw new Violation("equal trees", `server ${sid} at ${formatHex(newestZxid)}: ${problem}`);
    };
    for (const path of expected) {
      const node = tree.getNode(path);
      const data = model.at(path, newestZxid)?.data ?? "";
      if (node === undefined) fail(`lacks ${path}`);
      else if (!Buffer.from(data).equals(node.data ?? Buffer.alloc(0))) fail(`data of ${path}`);
    }
    // Besides, each has the root, known by two names, and ZooKeeper's own three.
    const extra = tree.nodeCount - expected.length - 5;
    if (extra !== 0) fail(`has ${extra} nodes that should not be there`);
    const sessions = [...model.sessions.keys()].filter((id) => id !== 0n);
    const isSame =
      sessions.length === tree.globalSessions.size &&
      sessions.every((id) => tree.globalSessions.has(id));
    if (!isSame) fail("other sessions than were opened and not ended");
    checkMembers(replica, history.members, fail);
    configStats.add(statOfConfig(tree));
  }
  if (digests.size > 1) throw new Violation("equal trees", "digests differ");
  // No digest covers this node, which every server may write by itself.
  if (configStats.size > 1) {
    const found = [...configStats].join(" and ");
    throw new Violation("equal trees", `the node of the members differs: ${found}`);
  }
}

function statOfConfig(tree: DataTree): string {
  const node = tree.getNode(configPath);
  return node === undefined ? "none" : `mzxid ${formatHex(node.mzxid)} mtime ${node.mtimeMs}`;
}

function checkMembers(
  { peer, tree }: Replica,
  { newest }: ModelMembers,
  fail: (problem: string) => never,
): void {
  const { membership, lastSeen } = peer;
  // A standalone server has no members.
  if (membership.config === undefined) return;
  if (lastSeen !== undefined) fail("has proposed members");
  // Which epoch gave the first ones their name is in no transaction.
  const version = newest.version === 0n ? membership.version : newest.version;
  const text = textOf({ ...newest, version });
  if (membership.text !== text) fail(`has members '${membership.text}', expected '${text}'`);
  if (tree.getNode(configPath)?.data?.toString() !== text) fail(`shows other members`);
}

/** What a server writes of the members into its own tree, and what it leaves as it is. */
import { describe, expect, test } from "vitest";
import { showConfig } from "../../src/server/load-state.ts";
import { DataTree, configPath } from "../../src/tree/index.ts";
import { formatQuorumConfig, parseQuorumConfig } from "../../src/wire/index.ts";
import type { QuorumConfig } from "../../src/wire/index.ts";

const older = configOf(0x100000005n);
const newer = configOf(0x100000009n);

function configOf(version: bigint): QuorumConfig {
  return parseQuorumConfig(`server.1=h:1:2:participant\nversion=${version.toString(16)}`);
}

/** The tree after a reconfiguration. */
function treeWith(config: QuorumConfig): DataTree {
  const tree = new DataTree();
  const text = Buffer.from(formatQuorumConfig(config));
  tree.setConfig(text, { zxid: config.version, timeMs: 77 });
  return tree;
}

function shownBy(tree: DataTree) {
  const { data, mzxid, mtimeMs } = tree.getNode(configPath)!;
  return { text: data?.toString(), mzxid, mtimeMs };
}

describe("showConfig()", () => {
  test("leaves a newer configuration and its time, which a transaction has brought", () => {
    const tree = treeWith(newer);
    const before = shownBy(tree);
    for (const active of [older, newer]) showConfig(tree, active);
    expect(shownBy(tree)).toEqual(before);
    expect(before.mtimeMs).toBe(77);
  });

  test("writes one that no transaction has brought, without a time", () => {
    const tree = treeWith(older);
    expect(showConfig(tree, newer)).toBe(formatQuorumConfig(older));
    const text = formatQuorumConfig(newer);
    expect(shownBy(tree)).toEqual({ text, mzxid: newer.version, mtimeMs: 0 });
  });

  test("takes the place of another ensemble's where nothing in force has a version", () => {
    const tree = treeWith(newer);
    const stated = configOf(0n);
    showConfig(tree, stated);
    expect(shownBy(tree).text).toBe(formatQuorumConfig(stated));
  });
});

/** `ensemble inspect` counts what ZooKeeper's own tools count, in files of either server. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { busyTreeConfig, writeRound } from "./support/busy-tree.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { runCommand } from "./support/run-command.ts";
import { inspect } from "./support/same-state.ts";
import { ServerGroup } from "./support/server-group.ts";

async function runTool(className: string, args: readonly string[]): Promise<string> {
  const { classPath } = await installApacheZooKeeper();
  const quick = ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];
  const java = [
    ...quick,
    "-Densemble.log.level=WARN",
    "-cp",
    classPath,
    `org.apache.zookeeper.server.${className}`,
  ];
  const { stdout } = await runCommand("java", [...java, ...args], { timeoutMs: 60_000 });
  return stdout;
}

await describeWithPeers("inspect and ZooKeeper's tools", [installApacheZooKeeper], () => {
  let group: ServerGroup;

  afterEach(async () => {
    await group.remove();
  });

  test.each(["apache", "ensemble"] as const)("agree on files of %s", async (kind) => {
    group = await ServerGroup.layOut(1, { ...busyTreeConfig, snapCount: 60 });
    await group.start(kind);
    await writeRound(group.addressOf(1), 1);
    await group.stop();
    const folder = join(group.member(1).dataFolder, "version-2");
    const files = (await readdir(folder)).map((name) => join(folder, name));
    const byZxid = (left: string, right: string): number =>
      Number.parseInt(left.split(".").at(-1) ?? "", 16) -
      Number.parseInt(right.split(".").at(-1) ?? "", 16);
    const snapshots = files.filter((file) => file.includes("/snapshot.")).sort(byZxid);
    const [newest = "", older = ""] = snapshots.toReversed();

    const summary = await runTool("SnapshotRecursiveSummary", [newest, "/", "1"]);
    const theirs = [...summary.matchAll(/ (\/\S*)\n\S*\s+children: (\d+)\n\S*\s+data: (\d+)/gu)];
    const ours = (await inspect("summary", newest)).slice(1).map((line) => line.split(/\s+/u));
    expect(theirs.length).toBeGreaterThan(1);
    expect(ours).toEqual(theirs.map(([, ...row]) => row).sort());

    const compared = await runTool("SnapshotComparer", [
      ...["-l", older, "-r", newest],
      ...["-b", "1", "-n", "1"],
    ]);
    const totals = [...compared.matchAll(/Node count: (\d+)\nTotal size: (\d+)/gu)];
    const sides = (await inspect("compare", older, newest)).slice(0, 2);
    expect(sides).toEqual(
      totals.map(
        ([, nodes, bytes], at) => `${at === 0 ? "left" : "right"}: ${nodes} nodes, ${bytes} bytes`,
      ),
    );

    // A start of Java for each: two of them tell as much as all.
    const logs = files.filter((file) => file.includes("/log.")).sort(byZxid);
    for (const log of logs.slice(-2)) {
      const dumped = await runTool("persistence.TxnLogToolkit", [log]);
      const count = /EOF reached after (\d+) txns/u.exec(dumped)?.[1];
      const lines = await inspect("log", log);
      expect(lines.at(-1)).toMatch(new RegExp(`^${count} transactions, up to`, "u"));
      expect(lines).toHaveLength(Number(count) + 1);
    }
    const verified = await inspect("verify", join(folder, ".."));
    expect(verified.filter((line) => line.startsWith("warning"))).toEqual([]);
  });
});

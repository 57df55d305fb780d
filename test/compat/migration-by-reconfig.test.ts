/**
 * docs/migration.md, by reconfiguration: three Apache servers under load are exchanged one by one
 * for new servers of ours, which join by reconfiguration before the old ones leave; then these for
 * new servers of Apache's. Nothing that was acknowledged is lost, and no session ends.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dumpTree } from "../integration/support/tree-dump.ts";
import { Workload } from "../integration/support/workload.ts";
import { findViolations } from "../integration/support/write-history.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { installKazoo } from "./support/kazoo.ts";
import { formatZooCfg } from "./support/member-layout.ts";
import type { ZooCfg } from "./support/member-layout.ts";
import { MigrationPage } from "./support/migration-page.ts";
import { expectSameTrees } from "./support/mixed-use.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { Resident, untouched } from "./support/resident.ts";
import { ServerGroup } from "./support/server-group.ts";
import { superUser } from "./support/tree-dump.ts";

const [OLD, NEW, NEXT] = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

await describeWithPeers(
  "Migration by reconfiguration",
  [installApacheZooKeeper, installKazoo],
  () => {
    let group: ServerGroup;
    let page: MigrationPage;
    let load: Workload;
    let resident: Resident;

    beforeAll(async () => {
      group = await ServerGroup.layOut(9);
      for (const { id } of group.members) await writeConfig(group, id);
      await group.start("apache", OLD);
      page = await MigrationPage.open(group, OLD);
      load = await Workload.start(group.connectString, "/load");
      resident = await Resident.start(group.connectString);
    });

    afterAll(async () => {
      resident.kill();
      page.close();
      await group.remove();
    });

    const expectServers = async (ids: readonly number[]): Promise<void> => {
      await load.progress(20);
      for (const id of group.ids) {
        const isRunning = group.isRunning(id);
        expect(isRunning, `server ${id}`).toBe(ids.includes(id));
      }
    };

    test("ours take the place of Apache's, under load", async () => {
      await page.run("exchange", "by-reconfig");
      await expectServers(NEW);
    });

    test("and Apache's take that of ours", async () => {
      page.servers = NEW;
      await page.run("exchange", "by-reconfig-back");
      await expectServers(NEXT);
    });

    test("no client has lost a write, its session, a lock or a watch", async () => {
      expect(await resident.finish()).toMatchObject(untouched);
      const history = await load.finish();
      expect(findViolations(history, await dumpTree(group.addressOf(NEXT[0]!)))).toEqual([]);
      await expectSameTrees(group, NEXT);
      expect(await group.complaints(["ensemble"])).toEqual([]);
    });
  },
);

/** Who is there at first knows the others from its own file; who joins is told by the page. */
async function writeConfig(group: ServerGroup, id: number): Promise<void> {
  const { folder, dataFolder, ports, zooCfgPath } = group.member(id);
  const config: ZooCfg = {
    tickTime: 500,
    initLimit: 20,
    syncLimit: 10,
    dataDir: dataFolder,
    clientPort: ports.client,
    clientPortAddress: "127.0.0.1",
    "admin.enableServer": false,
    "4lw.commands.whitelist": "*",
    reconfigEnabled: true,
    ...superUser.config,
  };
  const lines = OLD.map((other): [string, string] => {
    const { quorum, election } = group.member(other).ports;
    return [`server.${other}`, `127.0.0.1:${quorum}:${election}`];
  });
  const members = OLD.includes(id)
    ? Object.fromEntries(lines)
    : { dynamicConfigFile: join(folder, "members") };
  await writeFile(zooCfgPath, formatZooCfg({ ...config, ...members }));
}

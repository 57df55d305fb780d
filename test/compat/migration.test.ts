/**
 * docs/migration.md does what it says: three Apache servers under load become ours by its commands,
 * and Apache's again, and nothing that was acknowledged is lost, no session ends, no lock changes
 * hands, and all members find the same digests all the way.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { dumpTree } from "../integration/support/tree-dump.ts";
import { Workload } from "../integration/support/workload.ts";
import { findViolations } from "../integration/support/write-history.ts";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { installKazoo } from "./support/kazoo.ts";
import { MigrationPage } from "./support/migration-page.ts";
import { expectSameTrees } from "./support/mixed-use.ts";
import { describeWithPeers } from "./support/real-peers.ts";
import { Resident, untouched } from "./support/resident.ts";
import { statesOnDisk } from "./support/same-state.ts";
import { ServerGroup } from "./support/server-group.ts";
import { superUser } from "./support/tree-dump.ts";

await describeWithPeers("Migration in place", [installApacheZooKeeper, installKazoo], () => {
  let group: ServerGroup;
  let page: MigrationPage;
  let load: Workload;
  let resident: Resident;

  beforeAll(async () => {
    const config = { ...superUser.config, reconfigEnabled: true, maxSessionTimeout: 20_000 };
    group = await ServerGroup.layOut(3, config);
    await group.start("apache");
    page = await MigrationPage.open(group);
    load = await Workload.start(group.connectString, "/load");
    resident = await Resident.start(group.connectString);
  });

  afterAll(async () => {
    resident.kill();
    page.close();
    await group.remove();
  });

  test("the checks find nothing against it", async () => {
    expect(await page.run("check")).not.toMatch(/trouble/u);
  });

  test("each Apache server becomes ours, under load", async () => {
    await page.run("replace", "in-place");
    await load.progress(20);
    expect(group.ids.map((id) => group.process(id).name)).toEqual(
      group.ids.map((id) => `ensemble-${id}`),
    );
  });

  test("and Apache's again", async () => {
    await page.run("replace", "in-place-back");
    await load.progress(20);
    expect(group.ids.map((id) => group.process(id).name)).toEqual(
      group.ids.map((id) => `apache-${id}`),
    );
  });

  test("no client has lost a write, its session, a lock or a watch", async () => {
    expect(await resident.finish()).toMatchObject(untouched);
    const history = await load.finish();
    expect(findViolations(history, await dumpTree(group.addressOf(1)))).toEqual([]);
    await expectSameTrees(group, group.ids);
  });

  test("all disks hold the same, and nothing of ours has complained", async () => {
    await group.kill();
    const [first, ...others] = await statesOnDisk(group, group.ids);
    expect(others).toEqual(others.map(() => first));
    expect(await group.complaints(["ensemble"])).toEqual([]);
  });
});

/**
 * ZooKeeper's own tests against our server: one test here per class of theirs, with all that went
 * wrong in it. What runs and what does not, and why, is in `zookeeper-tests/classes.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWithPeers } from "./support/real-peers.ts";
import { startZooKeeperTests } from "./support/zookeeper-test-run.ts";
import type { TestRun } from "./support/zookeeper-test-run.ts";
import { installZooKeeperTests, listZooKeeperTests } from "./support/zookeeper-tests.ts";
import { EXCLUDED, RUNNING } from "./zookeeper-tests/classes.ts";

const PACKAGE = "org.apache.zookeeper.";
/** The longest class takes two minutes of these; others may wait for a free lane meanwhile. */
const CLASS_TIMEOUT_MS = 1_200_000;

await describeWithPeers("ZooKeeper's own tests on our server", [installZooKeeperTests], () => {
  let run: TestRun;

  beforeAll(async () => {
    run = await startZooKeeperTests(
      RUNNING.map(({ name, leftOut = {} }) => {
        return { name: PACKAGE + name, leftOut: Object.keys(leftOut) };
      }),
    );
  });

  afterAll(async () => {
    await run.stop();
  });

  test.for(RUNNING)("$name", { timeout: CLASS_TIMEOUT_MS }, async ({ name }) => {
    const outcomes = await run.outcomesOf(PACKAGE + name);
    const failed = outcomes.filter(({ status }) => status === "failed");
    expect(failed.map(({ test: method, message }) => `${method}: ${message}`)).toEqual([]);
    expect(outcomes.some(({ status }) => status === "passed")).toBe(true);
  });

  describe("the table of classes", () => {
    const isExcluded = (name: string): boolean =>
      EXCLUDED.some(({ names }) =>
        names.some((pattern) =>
          pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
        ),
      );

    test("names each class of the jar once, as running or as excluded", async () => {
      const inJar = (await listZooKeeperTests()).map((name) => name.slice(PACKAGE.length));
      const running = new Set(RUNNING.map(({ name }) => name));
      expect(inJar.filter((name) => !running.has(name) && !isExcluded(name))).toEqual([]);
      expect([...running].filter((name) => !inJar.includes(name))).toEqual([]);
    });
  });
});

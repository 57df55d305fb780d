/**
 * The test suites, one Vitest project each.
 *
 * `unit` is everything in test/ but the folders of the other suites: no sleeps, no real ports.
 * `integration` starts real processes on loopback, one file at a time. `sim` drives a cluster of
 * pure peers, of whole servers, and the operator's planner, from seeds. `proof` shows that the
 * simulators and checkers notice planted defects, cuts the power, and lets faults loose on real
 * servers; `compat` and `zookeeper` need Java, and `compat` Python; `cluster` starts a Kubernetes:
 * these take minutes, and take part only when they are asked for by name. With ENSEMBLE_REPORT_DIR
 * set, each run also leaves `<suites>.json` in that folder.
 */

import { defineConfig } from "vitest/config";
import type { TestProjectInlineConfiguration } from "vitest/config";

const MINUTE_MS = 60_000;

const chosen = process.argv.flatMap((argument, index, all) => {
  if (argument === "--project") return all[index + 1] ?? [];
  return argument.startsWith("--project=") ? argument.slice("--project=".length) : [];
});

const reportDir = process.env["ENSEMBLE_REPORT_DIR"];

/** A suite in its own folder of test/: slow by nature, so its tests get minutes, not seconds. */
function suite(name: string, order: number): TestProjectInlineConfiguration {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      testTimeout: 5 * MINUTE_MS,
      hookTimeout: 2 * MINUTE_MS,
      sequence: { groupOrder: order },
    },
  };
}

/** As `suite()`, for tests that start servers: two files at once would share ports and cores. */
function oneAtATime(name: string, order: number): TestProjectInlineConfiguration {
  const project = suite(name, order);
  const env = {
    // For the servers that the tests start again and again: they need not be compiled each time.
    NODE_COMPILE_CACHE: `${import.meta.dirname}/node_modules/.cache/node`,
    // Apache's servers compute digests of paths in the locale's encoding.
    LC_ALL: "C.UTF-8",
  };
  return { test: { ...project.test, fileParallelism: false, testTimeout: MINUTE_MS, env } };
}

const unit: TestProjectInlineConfiguration = {
  test: {
    name: "unit",
    include: ["test/**/*.test.ts"],
    exclude: ["test/{integration,sim,compat,cluster}/**"],
    // Some of them write thousands of files, and the disk may be busy with others' work.
    testTimeout: MINUTE_MS,
    sequence: { groupOrder: 0 },
  },
};

/** With servers of others, which take their time to elect a leader on a busy machine. */
const compat: TestProjectInlineConfiguration = {
  test: { ...oneAtATime("compat", 3).test, testTimeout: 5 * MINUTE_MS, hookTimeout: 5 * MINUTE_MS },
};

/** ZooKeeper's own tests, which wait most of their time. */
const zookeeperFiles = ["test/compat/zookeeper-tests.test.ts"];
const zookeeper: TestProjectInlineConfiguration = {
  test: { ...compat.test, name: "zookeeper", include: zookeeperFiles },
};

/** All files share one cluster, which the set-up starts. */
const cluster: TestProjectInlineConfiguration = {
  test: {
    ...oneAtATime("cluster", 5).test,
    globalSetup: "test/cluster/support/global-setup.ts",
    testTimeout: 10 * MINUTE_MS,
  },
};

/** What belongs to the folders of `sim` and `integration`, but takes too long for each change. */
const proofFiles = [
  "test/sim/**/mutations.test.ts",
  "test/sim/power-cuts/**/*.test.ts",
  "test/integration/faults.test.ts",
];

function without(files: string[], project: TestProjectInlineConfiguration) {
  return { test: { ...project.test, exclude: files } };
}

/** Each file works on one core: two at a time. */
const proof: TestProjectInlineConfiguration = {
  test: {
    ...oneAtATime("proof", 4).test,
    include: proofFiles,
    fileParallelism: true,
    maxWorkers: 2,
    testTimeout: 10 * MINUTE_MS,
  },
};

export default defineConfig({
  test: {
    projects: [
      unit,
      without(proofFiles, suite("sim", 1)),
      without(proofFiles, oneAtATime("integration", 2)),
      ...(chosen.includes("proof") ? [proof] : []),
      ...(chosen.includes("compat") ? [without(zookeeperFiles, compat)] : []),
      ...(chosen.includes("zookeeper") ? [zookeeper] : []),
      ...(chosen.includes("cluster") ? [cluster] : []),
    ],
    reporters: reportDir === undefined ? ["default"] : ["default", "json"],
    ...(reportDir === undefined
      ? {}
      : { outputFile: { json: `${reportDir}/${chosen.join("+") || "all"}.json` } }),
    coverage: {
      provider: "v8",
      include: ["src/{base,observe,wire,tree,zab}/**/*.ts"],
      thresholds: { lines: 95 },
    },
  },
});

/**
 * The planner of whole ensembles by example: each file of scenarios/ has situations and
 * what is to be done in them. Rewrite the answers with `vitest -u`, and read the difference.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { replayScenarios } from "./support/scenario.ts";

const FOLDER = join(import.meta.dirname, "scenarios");

const files = await readdir(FOLDER);

it.each(files)("planEnsemble() answers as in %s", async (name) => {
  const file = join(FOLDER, name);
  await expect(replayScenarios(await readFile(file, "utf8"))).toMatchFileSnapshot(file);
});

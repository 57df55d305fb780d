/** What `manifests/` offers to copy from, held to the schema and to the members' own settings. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkSettings } from "../../src/cli/check-settings.ts";
import { parseEnsemble } from "../../src/operator/index.ts";

const FILES = ["manifests/quickstart.yaml", ...globSync("manifests/examples/*.yaml").sort()];

test.each(FILES)("%s is a valid Ensemble that says what it is", (file) => {
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(/^# [A-Z]/u);
  expect(() => parseEnsemble(text, file, checkSettings)).not.toThrow();
});

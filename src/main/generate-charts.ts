/**
 * Writes what the Helm charts take from the code into the folder of the first argument: the custom
 * resource definitions, and the schema of the values that become an Ensemble. Run by `npm run
 * generate`; the files are checked in, and a check holds them to this program.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildEnsembleChartSchema } from "../operator/index.ts";
import { ensembleCrdAsYaml } from "./ensemble-crd-as-yaml.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("Expected the folder to write to as an argument");

const files = {
  "ensemble-operator/files/ensemble.dev_ensembles.yaml": ensembleCrdAsYaml(),
  "ensemble/values.schema.json": `${JSON.stringify(buildEnsembleChartSchema(), null, 2)}\n`,
};
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

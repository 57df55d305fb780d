/**
 * Writes the custom resource definitions into the folder of the first argument, one file each.
 * Run by `npm run generate`; the files are checked in, and a check holds them to this program.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensembleCrdAsYaml } from "./ensemble-crd-as-yaml.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("Expected the folder to write to as an argument");

writeFileSync(join(folder, "ensemble.dev_ensembles.yaml"), ensembleCrdAsYaml());

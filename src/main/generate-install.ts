/**
 * Brings the custom resource definition in `manifests/install.yaml` up to date, writing into the
 * folder of the first argument. Run by `npm run generate`. The rest of the file is what Helm makes
 * of `charts/ensemble-operator`, which the suite on a real Kubernetes writes and holds it to.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensembleCrdAsYaml } from "./ensemble-crd-as-yaml.ts";

const folder = process.argv[2];
if (folder === undefined) throw new Error("Expected the folder to write to as an argument");

const FILE = "manifests/install.yaml";

const [namespace, , ...rest] = readFileSync(FILE, "utf8").split(/^---\n/mu);
if (namespace === undefined || rest.length === 0) {
  throw new Error(`Expected ${FILE} to begin with a Namespace and the definition`);
}
const text = [namespace, ensembleCrdAsYaml(), ...rest].join("---\n");
writeFileSync(join(folder, "install.yaml"), text);

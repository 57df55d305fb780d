/** The ensemble `prod/demo`, to make its objects of. */
import { parseEnsemble } from "../../../../src/operator/index.ts";
import type { Owner } from "../../../../src/operator/index.ts";

/** Labels that exactly its pods have. */
export const MEMBERS = {
  "app.kubernetes.io/name": "ensemble",
  "app.kubernetes.io/instance": "demo",
};

export function ownerWith(spec: object = {}): Owner {
  const object = {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name: "demo", namespace: "prod" },
    spec,
  };
  return { ensemble: parseEnsemble(JSON.stringify(object), "e.json", () => []), uid: "abc" };
}

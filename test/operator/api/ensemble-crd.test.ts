import { describe, expect, it } from "vitest";
import { buildEnsembleCrd } from "../../../src/operator/index.ts";

describe("buildEnsembleCrd()", () => {
  it("is a structural schema: no closed objects, unions, constants or words of our own", () => {
    const visit = (node: unknown, path: string): void => {
      for (const item of Array.isArray(node) ? node : []) visit(item, path);
      if (typeof node !== "object" || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        expect([path, key]).not.toEqual([path, "x-expected"]);
        if (key === "additionalProperties") expect([path, typeof value]).toEqual([path, "object"]);
        if (key === "type") expect([path, Array.isArray(value)]).toEqual([path, false]);
        visit(value, `${path}.${key}`);
      }
    };
    visit(buildEnsembleCrd(), "");
  });

  it("serves status and scale", () => {
    expect(buildEnsembleCrd()).toMatchObject({
      metadata: { name: "ensembles.ensemble.dev" },
      spec: {
        scope: "Namespaced",
        versions: [
          {
            name: "v1",
            subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas" } },
          },
        ],
      },
    });
  });
});

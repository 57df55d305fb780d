/** Names: whose an object is by its name alone, and which image members have. */

import { describe, expect, test } from "vitest";
import { defaultSpec } from "../../../src/operator/index.ts";
import type { Ensemble } from "../../../src/operator/index.ts";
import { imageOf } from "../../../src/operator/reconcile/desired-children.ts";
import { CACHED_TYPES, ownerOf } from "../../../src/operator/reconcile/resources.ts";

describe("ownerOf()", () => {
  test.each([
    ["StatefulSet", "zk"],
    ["StatefulSet", "zk-observers"],
    ["Pod", "zk-0"],
    ["Pod", "zk-observers-12"],
    ["PersistentVolumeClaim", "data-zk-0"],
    ["PersistentVolumeClaim", "log-zk-observers-0"],
    ["ConfigMap", "zk-config"],
    ["Service", "zk"],
    ["Service", "zk-members"],
    ["Service", "zk-0-external"],
    ["Service", "zk-observers-1-external"],
    ["ServiceAccount", "zk"],
    ["PodDisruptionBudget", "zk"],
    ["NetworkPolicy", "zk"],
  ])("%s %s belongs to zk", (kind, name) => {
    const cached = CACHED_TYPES.find(({ type }) => type.kind === kind);
    expect(ownerOf(cached!.type, { namespace: "default", name })).toBe("zk");
  });

  test("an ensemble's own name may look like a child's", () => {
    const claim = CACHED_TYPES.find(({ type }) => type.kind === "PersistentVolumeClaim")!.type;
    const name = "data-data-3-0";
    expect(ownerOf(claim, { namespace: "default", name })).toBe("data-3");
  });
});

describe("imageOf()", () => {
  const base = "registry.example:5000/ensemble:1.2.3";
  test.each([
    [{}, undefined, base],
    [{}, "2.0.0", "registry.example:5000/ensemble:2.0.0"],
    [{ repository: "mine/ensemble" }, undefined, "mine/ensemble:1.2.3"],
    [{ repository: "mine/ensemble" }, "2.0.0", "mine/ensemble:2.0.0"],
    [{ digest: "sha256:ab" }, "2.0.0", "registry.example:5000/ensemble:2.0.0@sha256:ab"],
  ])("%o and version %s", (image, version, expected) => {
    const spec = { ...defaultSpec(), ...(version === undefined ? {} : { version }) };
    const ensemble = { spec: { ...spec, image: { ...spec.image, ...image } } } as Ensemble;
    expect(imageOf(ensemble, base)).toBe(expected);
  });
});

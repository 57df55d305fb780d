/** When a child is applied again: when something else is wanted, or somebody has changed it. */

import { expect, test } from "vitest";
import { AppliedChildren, marked } from "../../../src/operator/reconcile/applied-children.ts";

const WANTED = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "zk", namespace: "default", annotations: { team: "blue" } },
  spec: { ports: [{ port: 2181 }], memory: "1024Mi" },
};

/** As the API server has it: with defaults, and with some values in another form. */
function live(spec: object = {}, wanted: typeof WANTED = WANTED) {
  const { metadata, ...rest } = marked(wanted);
  return {
    ...rest,
    metadata: { ...metadata, uid: "uid-1", resourceVersion: "7" },
    spec: { ...wanted.spec, ports: [{ port: 2181, protocol: "TCP" }], ...spec },
  };
}

test("what is not there is not applied", () => {
  expect(new AppliedChildren().isApplied(WANTED, undefined)).toBe(false);
});

test("what an operator before this one has applied need not be applied again", () => {
  expect(new AppliedChildren().isApplied(WANTED, live())).toBe(true);
});

test("a field that is not wanted any more is noticed although all that is wanted is there", () => {
  const less = { ...WANTED, metadata: { ...WANTED.metadata, annotations: {} } };
  expect(new AppliedChildren().isApplied(less as typeof WANTED, live())).toBe(false);
});

test("a value that the API server writes in another form is applied once", () => {
  const applied = new AppliedChildren();
  const canonical = live({ memory: "1Gi" });
  expect(applied.isApplied(WANTED, canonical)).toBe(false);
  applied.remember(WANTED, canonical);
  expect(applied.isApplied(WANTED, canonical)).toBe(true);
});

test("a change of somebody else's is noticed, one of the status or version is not", () => {
  const applied = new AppliedChildren();
  applied.remember(WANTED, live());
  const { metadata, ...rest } = live();
  const touched = { ...rest, status: { ready: true }, metadata: { ...metadata, generation: 2 } };
  expect(applied.isApplied(WANTED, touched)).toBe(true);
  expect(applied.isApplied(WANTED, live({ memory: "2Gi" }))).toBe(false);
});

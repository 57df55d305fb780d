/** Paths, keys and names of objects. */

import { expect, test } from "vitest";
import {
  collectionPath,
  keyOf,
  nameOf,
  objectPath,
} from "../../../src/operator/kube/kube-object.ts";
import { CONFIG_MAP } from "./support/fixture.ts";

test("collectionPath() knows the core group, other groups, and all namespaces", () => {
  expect(collectionPath(CONFIG_MAP)).toBe("/api/v1/configmaps");
  const set = { group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets" };
  expect(collectionPath(set, "ns")).toBe("/apis/apps/v1/namespaces/ns/statefulsets");
});

test("objectPath() lets no name out of its place", () => {
  const path = objectPath(CONFIG_MAP, { namespace: "a/b", name: "../secrets?x" });
  expect(path).toBe("/api/v1/namespaces/a%2Fb/configmaps/..%2Fsecrets%3Fx");
});

test("nameOf() undoes keyOf()", () => {
  for (const name of [{ namespace: "ns", name: "one" }, { name: "of-the-cluster" }]) {
    expect(nameOf(keyOf(name))).toEqual(name);
  }
});

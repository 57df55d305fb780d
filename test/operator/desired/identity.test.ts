import { describe, expect, it } from "vitest";
import { buildAdminSecret, buildServiceAccount } from "../../../src/operator/index.ts";
import { ownerWith } from "./support/owner.ts";

describe("buildAdminSecret()", () => {
  it("holds the operator's name and password, for good", () => {
    const { data, ...secret } = buildAdminSecret(ownerWith(), "pässword");
    expect(secret).toMatchObject({ kind: "Secret", metadata: { name: "demo-admin" } });
    expect(secret).toMatchObject({ type: "kubernetes.io/basic-auth", immutable: true });
    const texts = Object.entries(data).map(([key, value]) => [key, atob(value)]);
    expect(Object.fromEntries(texts)).toMatchObject({ username: "operator" });
    expect(Buffer.from(data["password"]!, "base64").toString("utf8")).toBe("pässword");
  });
});

describe("buildServiceAccount()", () => {
  it("is one without a token, for the pods alone", () => {
    expect(buildServiceAccount(ownerWith())).toMatchObject({
      kind: "ServiceAccount",
      metadata: { name: "demo" },
      automountServiceAccountToken: false,
    });
  });

  it("is not there if the spec names another one", () => {
    const owner = ownerWith({ podTemplate: { serviceAccountName: "theirs" } });
    expect(buildServiceAccount(owner)).toBeNull();
  });
});

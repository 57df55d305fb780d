import { expect, it } from "vitest";
import { operatorDigest } from "../../../src/operator/index.ts";
import { digestIds } from "../../../src/server/auth/index.ts";

it("operatorDigest() is what a server knows the operator by", () => {
  const settings = {
    digestAlgorithm: "sha1",
    superDigest: null,
    operatorDigest: operatorDigest("secret"),
  };
  expect(digestIds("operator:secret", settings)[0]).toEqual({ scheme: "super", id: "" });
});

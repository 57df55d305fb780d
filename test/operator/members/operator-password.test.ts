import { expect, it } from "vitest";
import { createOperatorPassword, operatorDigest } from "../../../src/operator/index.ts";
import { digestIds } from "../../../src/server/auth/index.ts";

it("createOperatorPassword() makes another one each time", () => {
  const passwords = new Set(Array.from({ length: 100 }, createOperatorPassword));
  expect(passwords.size).toBe(100);
  for (const password of passwords) expect(password).toMatch(/^[\w-]{43}$/u);
});

it("operatorDigest() is what a server knows the operator by", () => {
  const settings = {
    digestAlgorithm: "sha1",
    superDigest: null,
    operatorDigest: operatorDigest("secret"),
  };
  expect(digestIds("operator:secret", settings)[0]).toEqual({ scheme: "super", id: "" });
});

import { describe, expect, it } from "vitest";
import { digestIds } from "../../../src/server/auth/identities.ts";

const SUPER = { scheme: "super", id: "" };
const nobody = { digestAlgorithm: "sha1", superDigest: null, operatorDigest: null };
/** SHA-1 and SHA-256 of `operator:secret`. */
const SHA1 = "operator:7jWRZ6rRChO2XKqMVWLii1hb7YQ=";
const SHA256 = "operator:hE52TKGf/55poauLeXjVgkFegvf40/f49aInTb5bEeA=";

describe("digestIds()", () => {
  it("proves a user by the scheme's hash", () => {
    expect(digestIds("operator:secret", nobody)).toEqual([{ scheme: "digest", id: SHA1 }]);
  });

  it("lets the administrator and the operator do everything", () => {
    const own = { scheme: "digest", id: SHA1 };
    expect(digestIds("operator:secret", { ...nobody, superDigest: SHA1 })).toEqual([SUPER, own]);
    const both = { ...nobody, superDigest: "super:other", operatorDigest: SHA256 };
    expect(digestIds("operator:secret", both)).toEqual([SUPER, own]);
  });

  it("knows the operator whatever the scheme's hash is", () => {
    const settings = { ...nobody, digestAlgorithm: "sha512", operatorDigest: SHA256 };
    expect(digestIds("operator:secret", settings)[0]).toEqual(SUPER);
  });

  it.each(["operator:wrong", "operator", "other:secret", ""])(
    "makes nobody super of '%s'",
    (who) => {
      const settings = { ...nobody, superDigest: SHA1, operatorDigest: SHA256 };
      expect(digestIds(who, settings)).not.toContainEqual(SUPER);
    },
  );
});

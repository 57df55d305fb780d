import { describe, expect, it } from "vitest";
import { isDistinguishedName } from "../../src/tree/distinguished-name.ts";

describe("isDistinguishedName()", () => {
  it.each([
    "",
    "CN=client,O=Acme",
    "cn = client ; o=Acme",
    "CN=a+OU=b,O=Acme\\, Inc.",
    'O="Acme, Inc."',
    "1.2.840.113549.1.9.1=#160d61406578616d706c65,CN=x",
    "OID.2.5.4.3=x",
    "CN=\\20two\\C3\\BC",
    "CN=",
  ])("accepts %j", (text) => {
    expect(isDistinguishedName(text)).toBe(true);
  });

  it.each(["client", "CN", "XY=client", "CN=a,", "CN=a,b", "=x", "CN=#xyz", 'CN="open', "CN=a<b"])(
    "refuses %j",
    (text) => {
      expect(isDistinguishedName(text)).toBe(false);
    },
  );
});

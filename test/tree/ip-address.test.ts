import { describe, expect, it } from "vitest";
import { addressMatches, isAddressRange } from "../../src/tree/ip-address.ts";

describe("isAddressRange()", () => {
  it.each([
    "1.2.3.4",
    "0.0.0.0/0",
    "255.255.255.255/32",
    "::",
    "::1",
    "fe80::1/64",
    "1:2:3:4:5:6:7:8",
  ])("accepts %s", (text) => {
    expect(isAddressRange(text)).toBe(true);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.x",
    "1.2.3.4/",
    "1.2.3.4/33",
    "1.2.3.4/-1",
    "::/129",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    ":1",
    "host",
  ])("refuses %j", (text) => {
    expect(isAddressRange(text)).toBe(false);
  });
});

describe("addressMatches()", () => {
  it.each<[string, string, boolean]>([
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.4", false],
    ["10.1.2.3", "10.1.2.0/24", true],
    ["10.1.3.3", "10.1.2.0/23", true],
    ["10.1.4.3", "10.1.2.0/23", false],
    ["10.1.2.3", "0.0.0.0/0", true],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["fe80::abcd", "fe80::/10", true],
    ["2001:db8::1", "fe80::/10", false],
    ["::1", "0.0.0.0/0", false],
    ["nonsense", "0.0.0.0/0", false],
    ["nonsense", "nonsense", false],
  ])("%s in %s: %s", (address, range, expected) => {
    expect(addressMatches(address, range)).toBe(expected);
  });
});

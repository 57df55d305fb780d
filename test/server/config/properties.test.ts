import { describe, expect, it } from "vitest";
import { parseProperties } from "../../../src/server/config/properties.ts";

function parse(text: string): Record<string, string> {
  return Object.fromEntries(parseProperties(text, "zoo.cfg").map(({ key, value }) => [key, value]));
}

describe("parseProperties()", () => {
  it("accepts '=', ':' and white space between key and value", () => {
    expect(parse("a=1\nb:2\nc 3\nd = 4\n e\t:\t5 \nf")).toEqual({
      a: "1",
      b: "2",
      c: "3",
      d: "4",
      e: "5",
      f: "",
    });
  });

  it("splits at the first separator only", () => {
    expect(parse("server.1=host:2888:3888;2181")).toEqual({ "server.1": "host:2888:3888;2181" });
  });

  it("ignores blank lines and comments that start with '#' or '!'", () => {
    expect(parse("# a=1\n\n  ! b=2\nc=3 # kept\n")).toEqual({ c: "3 # kept" });
  });

  it("joins lines that end in an odd number of backslashes", () => {
    expect(parse("a=1,\\\n   2,\\\n 3\nb=x\\\\\nc=4")).toEqual({ a: "1,2,3", b: "x\\", c: "4" });
  });

  it("ends a continued last line at the end of the file", () => {
    expect(parse("a=1\\")).toEqual({ a: "1" });
  });

  it("does not continue a comment", () => {
    expect(parse("# comment \\\na=1")).toEqual({ a: "1" });
  });

  it("resolves escapes in keys and values", () => {
    expect(parse("a\\=b=\\u0041\\t\\q\\\\")).toEqual({ "a=b": "A\tq\\" });
  });

  it("rejects a malformed unicode escape with its line", () => {
    expect(() => parseProperties("a=1\nb=\\u12x4", "zoo.cfg")).toThrow(
      /^zoo\.cfg:2: expected four/u,
    );
  });

  it("keeps every entry of a repeated key, with line numbers and any line ending", () => {
    expect(parseProperties("\uFEFFa=1\r\na=2\ra=3", "f")).toEqual([
      { key: "a", value: "1", line: 1 },
      { key: "a", value: "2", line: 2 },
      { key: "a", value: "3", line: 3 },
    ]);
  });
});

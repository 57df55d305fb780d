/** From a typed line to a command's flags and words, and access control lists. */
import { describe, expect, test } from "vitest";
import { formatAcl, parseAcl } from "../../../src/cli/shell/acl-text.ts";
import { parseArguments } from "../../../src/cli/shell/shell-command.ts";
import type { ShellCommand } from "../../../src/cli/shell/shell-command.ts";
import { ShellError } from "../../../src/cli/shell/shell-error.ts";
import { splitLine } from "../../../src/cli/shell/split-line.ts";

describe("splitLine()", () => {
  test.each([
    ["", []],
    ["  \t ", []],
    ["ls /a", ["ls", "/a"]],
    ["  set  /a   x ", ["set", "/a", "x"]],
    [`set /a 'two words'`, ["set", "/a", "two words"]],
    [`set /a ""`, ["set", "/a", ""]],
    [`set /a "say \\"hi\\" it's"`, ["set", "/a", `say "hi" it's`]],
    [`set /a 'back\\slash'`, ["set", "/a", "back\\slash"]],
    [`set /a two\\ words`, ["set", "/a", "two words"]],
    [`set /a a'b c'd`, ["set", "/a", "ab cd"]],
    ["set /a x\\", ["set", "/a", "x\\"]],
  ])("takes <%s>", (line, words) => {
    expect(splitLine(line)).toEqual(words);
  });

  test("refuses an open quote", () => {
    expect(() => splitLine(`set /a 'x`)).toThrow("Cannot read line: a ' is not closed");
  });
});

describe("parseArguments()", () => {
  const command: ShellCommand = {
    name: "set",
    usage: "[-s] [-v version] path data",
    summary: "",
    switches: ["-s"],
    options: ["-v"],
    words: [1, 2],
    run: () => Promise.resolve(),
  };

  test.each([
    [["/a"], [], ["/a"]],
    [["-s", "/a", "x"], [["-s", ""]], ["/a", "x"]],
    [
      ["/a", "-v", "3", "x", "-s"],
      [
        ["-v", "3"],
        ["-s", ""],
      ],
      ["/a", "x"],
    ],
    [["/a", "-5"], [], ["/a", "-5"]],
    [["/a", "-"], [], ["/a", "-"]],
    [["-s", "--", "/a", "-s"], [["-s", ""]], ["/a", "-s"]],
  ] as [string[], [string, string][], string[]][])("sorts %j", (words, flags, rest) => {
    const parsed = parseArguments(command, words);
    expect([...parsed.flags]).toEqual(flags);
    expect(parsed.words).toEqual(rest);
  });

  test.each([
    [[], "something is missing"],
    [["/a", "b", "c"], "'c' is one word too many"],
    [["-x", "/a"], "unknown flag -x"],
    [["/a", "-v"], "-v needs a value"],
  ])("refuses %j and shows the usage", (words, problem) => {
    expect(() => parseArguments(command, words)).toThrow(
      new ShellError("usage", `Cannot run set: ${problem}; usage: set [-s] [-v version] path data`),
    );
  });
});

describe("access control lists", () => {
  test("parseAcl() takes ids with colons and several entries", () => {
    expect(parseAcl("world:anyone:r,digest:u:hash=:cdrwa,auth::rw,ip:::1:a")).toEqual([
      { perms: 1, id: { scheme: "world", id: "anyone" } },
      { perms: 31, id: { scheme: "digest", id: "u:hash=" } },
      { perms: 3, id: { scheme: "auth", id: "" } },
      { perms: 16, id: { scheme: "ip", id: "::1" } },
    ]);
  });

  test.each(["", "world", "world:anyone", "world:anyone:x", ":anyone:r", "world:anyone:"])(
    "parseAcl() refuses '%s'",
    (text) => {
      expect(() => parseAcl(text)).toThrow("expected 'scheme:id:perms'");
    },
  );

  test("formatAcl() prints as zkCli does", () => {
    expect(formatAcl(parseAcl("world:anyone:rdca,ip:10.0.0.1:w"))).toEqual([
      "'world,'anyone",
      ": cdra",
      "'ip,'10.0.0.1",
      ": w",
    ]);
  });
});

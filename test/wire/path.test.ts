import { describe, expect, it } from "vitest";
import { baseName, isValidPath, joinPath, parentPath, pathProblem } from "../../src/wire/index.ts";

describe("isValidPath()", () => {
  it.each(["/", "/a", "/a/b", "/a.b", "/...", "/.a", "/a./b", "/é", "/a b", "/\u00a0", "/\uffef"])(
    "accepts %j",
    (path) => {
      expect(isValidPath(path)).toBe(true);
    },
  );

  it.each([
    "",
    "a",
    "a/b",
    "/a/",
    "//",
    "/a//b",
    "/.",
    "/..",
    "/a/.",
    "/a/./b",
    "/a/../b",
    "/\0",
    "/a\u0001",
    "/\u001f",
    "/\u007f",
    "/\u009f",
    "/\ud83d\ude00",
    "/\uf8ff",
    "/\ufff0",
    "/\uffff",
  ])("refuses %j", (path) => {
    expect(isValidPath(path)).toBe(false);
    expect(pathProblem(path)).toMatch(/^it /);
  });
});

describe("parts of a path", () => {
  it.each([
    ["/a", "/", "a"],
    ["/a/b", "/a", "b"],
    ["/a/b/c", "/a/b", "c"],
  ])("%s", (path, parent, name) => {
    expect(parentPath(path)).toBe(parent);
    expect(baseName(path)).toBe(name);
    expect(joinPath(parent, name)).toBe(path);
  });
});

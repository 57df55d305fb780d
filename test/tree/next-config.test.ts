/** What a reconfiguration makes of the configuration that it starts from. */
import { describe, expect, test } from "vitest";
import { nextConfig } from "../../src/tree/next-config.ts";
import { ErrorCode, formatQuorumConfig, parseQuorumConfig } from "../../src/wire/index.ts";
import type { ReconfigRequest } from "../../src/wire/index.ts";

const line = (sid: number, rest = `:participant;0.0.0.0:${sid}3`): string =>
  `server.${sid}=10.0.0.${sid}:${sid}1:${sid}2${rest}`;
const text = (...lines: string[]): string => [...lines, "version=5"].join("\n");
const majority = text(line(1), line(2), line(3));

interface Wish extends Partial<ReconfigRequest> {
  readonly from?: string;
  readonly votersMin?: number;
}

/** The next configuration's text, or the error code. */
function next({ from = majority, votersMin = 2, ...wish }: Wish): string | number {
  const request = { joining: null, leaving: null, newMembers: null, fromVersion: -1n, ...wish };
  const current = parseQuorumConfig(from);
  const made = nextConfig(request, { current, version: 0x100000007n, votersMin });
  return typeof made === "number" ? made : formatQuorumConfig(made);
}

const made = (...lines: string[]): string => [...lines, "version=100000007"].join("\n");

describe("nextConfig() of what joins and leaves", () => {
  test("adds, replaces and removes servers", () => {
    const joining = ` ${line(4, ":observer;43")} , ${line(2, ":observer;23")},`;
    expect(next({ joining, leaving: " 3,,9", votersMin: 1 })).toBe(
      made(line(1), line(2, ":observer;0.0.0.0:23"), line(4, ":observer;0.0.0.0:43")),
    );
  });

  test("a server that leaves and joins is a new one", () => {
    expect(next({ joining: line(3, ";93"), leaving: "3" })).toBe(
      made(line(1), line(2), line(3, ":participant;0.0.0.0:93")),
    );
  });

  test("with no wish at all is the same under a new version", () => {
    expect(next({})).toBe(made(line(1), line(2), line(3)));
  });

  test.each([
    ["no client port", { joining: line(4, "") }],
    ["no id", { joining: "10.0.0.4:1:2;3" }],
    ["an id that is no number", { joining: "server.x=10.0.0.4:1:2;3" }],
    ["two equal signs", { joining: "server.4=10.0.0.4:1:2;3=4" }],
    ["a missing port", { joining: "server.4=10.0.0.4:1;3" }],
    ["a port that is none", { joining: "server.4=10.0.0.4:1:99999;3" }],
    ["quorum and election on one port", { joining: "server.4=10.0.0.4:1:1;3" }],
    ["the address of another server", { joining: "server.4=10.0.0.1:11:5;3" }],
    ["the client address of another server", { joining: "server.4=10.0.0.4:1:2;10.0.0.1:11" }],
    ["two addresses", { joining: "server.4=10.0.0.4:1:2|10.0.0.5:1:2;3" }],
    ["an unknown role", { joining: "server.4=10.0.0.4:1:2:voter;3" }],
    ["a line break in a host", { joining: "server.4=a\nserver.5:1:2;3" }],
    ["a leaving id that is no number", { leaving: "server.3" }],
    ["too few voters", { leaving: "2,3" }],
    ["no voters", { leaving: "1,2,3", votersMin: 1 }],
    ["more text than votes may carry", { joining: `server.4=${"h".repeat(70_000)}:1:2;3` }],
    ["hierarchical quorums", { from: text(line(1), line(2), "group.1=1:2"), leaving: "2" }],
  ] satisfies [string, Wish][])("refuses %s", (_, wish) => {
    expect(next(wish)).toBe(ErrorCode.badArguments);
  });

  test("one voter may be left without standaloneEnabled", () => {
    expect(next({ leaving: "2,3", votersMin: 1 })).toBe(made(line(1)));
  });

  test("addresses may be swapped in one request", () => {
    const joining = "server.1=10.0.0.2:21:22;13,server.2=10.0.0.1:11:12;23";
    expect(next({ joining, leaving: "3" })).not.toBe(ErrorCode.badArguments);
  });
});

describe("nextConfig() of all members", () => {
  test("takes lines with commas or line feeds between them, and its own version", () => {
    const newMembers = `${line(1)},${line(5, ":observer")}\nversion=99\n${line(2)}`;
    expect(next({ newMembers })).toBe(made(line(1), line(2), line(5, ":observer")));
  });

  test("takes groups and weights, and leaves them again", () => {
    const lines = [line(1), line(2), line(3), "group.1=1:2", "group.2=3"];
    const grouped = made(...lines, "weight.1=1", "weight.2=1", "weight.3=1");
    expect(next({ newMembers: lines.join(",") })).toBe(grouped);
    expect(next({ from: grouped, newMembers: `${line(1)},${line(2)}` })).toBe(
      made(line(1), line(2)),
    );
  });

  test.each([
    ["nothing", ""],
    ["another key", `${line(1)},${line(2)},tickTime=5`],
    ["a server twice", `${line(1)},${line(2)},${line(2)}`],
    ["a voter outside of the groups", `${line(1)},${line(2)},group.1=1`],
    ["one voter", line(1)],
    ["observers alone", line(1, ":observer")],
  ])("refuses %s", (_, newMembers) => {
    expect(next({ newMembers })).toBe(ErrorCode.badArguments);
  });
});

test("nextConfig() compares the version before it reads the rest", () => {
  expect(next({ fromVersion: 5n, leaving: "3" })).toBe(made(line(1), line(2)));
  expect(next({ fromVersion: 4n, joining: "?" })).toBe(ErrorCode.badVersion);
  expect(next({ fromVersion: -2n })).toBe(ErrorCode.badVersion);
});

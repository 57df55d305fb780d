import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { METRIC_ROWS } from "../../../src/server/metrics/metric-table.ts";

const read = (file: string): string =>
  readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8");

const [present = "", missing = ""] = read("docs/metrics.md").split(
  "## ZooKeeper's metrics that are missing",
);
const [described = ""] = present.split("## The operator");

/** Names and types that Apache ZooKeeper 3.9 exported, three servers taken together. */
const apache = new Map(
  read("test/fixtures/metrics/apache-3.9.txt")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ") as [name: string, type: string]),
);

describe("The table of metrics", () => {
  it("is the table of docs/metrics.md", () => {
    const documented = [...described.matchAll(/^\| `(\w+)` +\| (.*?) +\| (.*?) +\|$/gmu)];
    const rows = documented.map(([, name, type, help]) => `${name}: ${type}: ${help}`);
    const expected = METRIC_ROWS.map((row) => {
      const label = "label" in row && row.label !== null ? ` by \`${row.label}\`` : "";
      return `${row.name}: ${row.type}${label}: ${row.help}`;
    });
    expect(rows).toEqual(expected);
  });

  it("has each of ZooKeeper's names with its type, or the documentation says that it has not", () => {
    const own = new Map<string, string>(METRIC_ROWS.map(({ name, type }) => [name, type]));
    const absent = new Set([...missing.matchAll(/`(\w+)`/gu)].map(([, name]) => name));
    for (const [name, type] of apache) {
      if (own.has(name)) expect([name, own.get(name)]).toEqual([name, type]);
      else expect(absent).toContain(name);
    }
  });

  it("has names of its own only under its own prefix", () => {
    const others = METRIC_ROWS.filter(({ name }) => !apache.has(name));
    expect(others.filter(({ name }) => !name.startsWith("ensemble_"))).toEqual([]);
  });

  it("names each metric once", () => {
    const names = METRIC_ROWS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

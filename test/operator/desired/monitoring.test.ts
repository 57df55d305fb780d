import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildPrometheusRule, buildServiceMonitor } from "../../../src/operator/index.ts";
import { MEMBERS, ownerWith } from "./support/owner.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

function rulesOf(spec: object = {}): Rule[] {
  const owner = ownerWith({ metrics: { rules: { enabled: true, labels: { a: "b" } } }, ...spec });
  const { groups } = buildPrometheusRule(owner)!.spec as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

describe("buildServiceMonitor()", () => {
  it("is there only if the spec asks for it", () => {
    expect(buildServiceMonitor(ownerWith())).toBeNull();
  });

  it("finds the members by their Service's port", () => {
    const serviceMonitor = { enabled: true, labels: { release: "prom" }, intervalSeconds: 15 };
    const monitor = buildServiceMonitor(ownerWith({ metrics: { serviceMonitor } }))!;
    expect(monitor.metadata.labels).toMatchObject({ release: "prom", ...MEMBERS });
    expect(monitor.spec).toEqual({
      selector: { matchLabels: MEMBERS },
      endpoints: [{ port: "metrics", interval: "15s" }],
    });
  });
});

describe("buildPrometheusRule()", () => {
  it("is there only if the spec asks for it, and not for members that sleep", () => {
    expect(buildPrometheusRule(ownerWith())).toBeNull();
    const spec = { hibernated: true, metrics: { rules: { enabled: true } } };
    expect(buildPrometheusRule(ownerWith(spec))).toBeNull();
  });

  it("asks for metrics that there are, of this ensemble's members", () => {
    const documented = readFileSync("docs/metrics.md", "utf8");
    const rules = rulesOf();
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { expr } of rules) {
      const members = '{namespace="prod",service="demo-members"}';
      const metrics = [...expr.matchAll(/([a-z_]+)\{([^}]*)\}/gu)];
      expect(metrics.length).toBeGreaterThan(0);
      for (const [whole, name = ""] of metrics) {
        expect(whole).toBe(`${name}${members}`);
        if (name !== "up") expect(documented).toContain(`| \`${name}\``);
      }
    }
  });
});

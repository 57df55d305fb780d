import { describe, expect, it } from "vitest";
import { buildEnsembleCrd, parseEnsemble } from "../../../src/operator/index.ts";
import { RULE_EXAMPLES } from "./rule-examples.ts";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-validations"?: readonly { rule: string; message: string }[];
}

/** Every word that a structural schema may have and ours does. */
const WORDS = [
  "additionalProperties",
  "default",
  "description",
  "enum",
  "format",
  "items",
  "maxItems",
  "maxLength",
  "maxProperties",
  "maximum",
  "minItems",
  "minLength",
  "minimum",
  "pattern",
  "properties",
  "required",
  "type",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-list-type",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-validations",
];

function rootSchema(): Node {
  const { spec } = buildEnsembleCrd() as {
    spec: { versions: { schema: { openAPIV3Schema: Node } }[] };
  };
  return spec.versions[0]!.schema.openAPIV3Schema;
}

/** Every node of the schema, by its path. */
function nodes(node: Node = rootSchema(), path = ""): [string, Node][] {
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  return [
    [path, node],
    ...Object.entries(node.properties ?? {}).flatMap(([name, child]) => nodes(child, at(name))),
    ...(node.items === undefined ? [] : nodes(node.items, `${path}[]`)),
    ...(node.additionalProperties === undefined
      ? []
      : nodes(node.additionalProperties, `${path}{}`)),
  ];
}

const ALL_RULES = nodes().flatMap(([path, node]) =>
  (node["x-kubernetes-validations"] ?? []).map(({ rule, message }) => ({
    path,
    node,
    rule,
    message,
  })),
);

describe("buildEnsembleCrd()", () => {
  it.each(nodes())("is a structural schema at '%s'", (_, node) => {
    for (const word of Object.keys(node)) expect(WORDS).toContain(word);
    const isUntyped =
      node["x-kubernetes-int-or-string"] === true ||
      node["x-kubernetes-preserve-unknown-fields"] === true;
    if (!isUntyped) expect(typeof node.type).toBe("string");
    if (node.additionalProperties !== undefined) expect(node.properties).toBeUndefined();
    for (const name of node.required ?? []) {
      if (node.properties !== undefined) expect(Object.keys(node.properties)).toContain(name);
    }
    expect(node.type === "array").toBe(node.items !== undefined);
  });

  it.each(nodes().filter(([path]) => path !== "metadata" && !/\}$/u.test(path)))(
    "explains '%s'",
    (_, node) => {
      expect(node.description).toMatch(/\S.*\.$/u);
    },
  );

  it.each(nodes().filter(([path]) => path.startsWith("spec")))(
    "bounds '%s', as the cost of rules is estimated from bounds",
    (_, node) => {
      if (node.type === "array") expect(node.maxItems).toBeGreaterThan(0);
      if (node.additionalProperties !== undefined) expect(node.maxProperties).toBeGreaterThan(0);
      if (node.type === "string" && node.enum === undefined) {
        expect(node.maxLength).toBeGreaterThan(0);
      }
    },
  );

  it("serves status and scale, by fields that exist", () => {
    const crd = buildEnsembleCrd();
    expect(crd).toMatchObject({
      metadata: { name: "ensembles.ensemble.dev" },
      spec: {
        scope: "Namespaced",
        names: { shortNames: ["ens"], categories: ["all"] },
        versions: [
          {
            name: "v1",
            subresources: {
              status: {},
              scale: {
                specReplicasPath: ".spec.replicas",
                statusReplicasPath: ".status.replicas",
                labelSelectorPath: ".status.selector",
              },
            },
          },
        ],
      },
    });
    const paths = nodes().map(([path]) => `.${path}`);
    const text = JSON.stringify(crd);
    const used = [...text.matchAll(/"(?:jsonPath|\w+Path)":"(\.\w+(?:\.\w+)*)/gu)].map(
      ([, path]) => path!,
    );
    expect(used).toHaveLength(9);
    for (const path of used) {
      if (path.startsWith(".metadata.")) continue;
      expect(paths).toContain(path);
    }
  });

  it("prints the columns that people look for", () => {
    const names = JSON.stringify(buildEnsembleCrd()).matchAll(/"name":"(\w+)","type"/gu);
    expect([...names].map(([, name]) => name)).toEqual([
      "Ready",
      "Members",
      "Leader",
      "Version",
      "Status",
      "Age",
    ]);
  });
});

describe("the rules of the definition", () => {
  it.each(ALL_RULES)("read fields that exist: $path: $rule", ({ path, node, rule }) => {
    expect(rule.split("(")).toHaveLength(rule.split(")").length);
    const withoutTexts = rule.replaceAll(/'[^']*'/gu, "''");
    const references = [...withoutTexts.matchAll(/\b(?:self|oldSelf)((?:\.\w+)+)(\(?)/gu)];
    for (const [, fields, call] of references) {
      const names = fields!.slice(1).split(".");
      if (call === "(") names.pop();
      let at: Node | undefined = node;
      for (const name of names) {
        if (path === "" && names.join(".") === "metadata.name") break;
        at = at?.properties?.[name.replace(/^__(\w+)__$/u, "$1")];
        expect([rule, name, at]).not.toEqual([rule, name, undefined]);
      }
    }
    // The language's own words cannot be names of fields.
    expect(withoutTexts).not.toMatch(/\.(import|namespace|package|in|as|for|if|var)\b/u);
  });

  it.each(ALL_RULES.filter(({ node }) => JSON.stringify(node.default) === "{}"))(
    "hold for the empty default that they are evaluated on: $path: $rule",
    ({ rule, node }) => {
      if (node.properties === undefined) return;
      // Every alternative but the last one says what is not there.
      const alternatives = rule.split(" || ");
      if (alternatives.length === 1) expect(rule).toMatch(/^has\(/u);
      else expect(rule).toMatch(/^(!has\(|has\(self\.\w+\) == has\(oldSelf\.\w+\))/u);
    },
  );

  it.each(ALL_RULES)("have an example that is refused: $path: $message", ({ path, message }) => {
    expect(message).toMatch(/^Expected .*[^.]$/u);
    expect(examplesOf(path, message)).toHaveLength(1);
  });

  it("have no example without a rule", () => {
    const used = ALL_RULES.flatMap(({ path, message }) => examplesOf(path, message));
    expect(new Set(used)).toEqual(new Set(Object.keys(RULE_EXAMPLES)));
  });

  it.each(Object.entries(RULE_EXAMPLES))(
    "alone refuse their example: %s",
    (_, { before, accepted, refused, refusedName }) => {
      for (const spec of [before ?? {}, accepted, refused]) {
        const object = {
          apiVersion: "ensemble.dev/v1",
          kind: "Ensemble",
          metadata: { name: refusedName ?? "demo" },
          spec,
        };
        expect(() => parseEnsemble(JSON.stringify(object), "e.json", () => [])).not.toThrow();
      }
      expect(refused).not.toBe(accepted);
    },
  );
});

/** Keys of the examples for a rule. */
function examplesOf(path: string, message: string): string[] {
  const sentence = message.replace("Expected ", "");
  return Object.keys(RULE_EXAMPLES).filter((key) => {
    const [place, beginning] = key.split(": ");
    if (beginning === undefined) return path === "" && sentence.startsWith(key);
    return place === path && sentence.startsWith(beginning);
  });
}

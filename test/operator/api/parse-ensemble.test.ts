import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  OperatorError,
  defaultSpec,
  parseEnsemble,
  readEnsemble,
} from "../../../src/operator/index.ts";

const VALID = "apiVersion: ensemble.dev/v1\nkind: Ensemble\nmetadata:\n  name: demo\n";

function parse(text: string) {
  return parseEnsemble(text, "e.yaml", () => []);
}

function problems(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof OperatorError && error.code === "INVALID_OBJECT") return error.problems;
    throw error;
  }
  throw new Error("The object was accepted");
}

describe("parseEnsemble()", () => {
  it("fills in the defaults", () => {
    expect(parse(VALID)).toEqual({
      apiVersion: "ensemble.dev/v1",
      kind: "Ensemble",
      metadata: { name: "demo", namespace: "default" },
      spec: defaultSpec(),
      status: null,
    });
    expect(parse(VALID).spec).toMatchObject({
      replicas: 3,
      observers: 0,
      config: {},
      storage: { size: "10Gi", retention: { whenScaled: "Retain", whenDeleted: "Retain" } },
      service: { client: { type: "ClusterIP", port: 2181 } },
      podDisruptionBudget: { enabled: true },
      networkPolicy: { enabled: true, clients: [] },
      clusterDomain: "cluster.local",
      bootstrap: { empty: {} },
      paused: false,
    });
  });

  it("fills in the defaults inside of what is given", () => {
    const text = `${VALID}spec: {storage: {size: 20Gi}, bootstrap: {restore: {backup: b}}}`;
    expect(parse(text).spec).toMatchObject({
      storage: { size: "20Gi", retention: { whenScaled: "Retain" } },
      bootstrap: { restore: { backup: "b" } },
    });
    expect(parse(text).spec.bootstrap).not.toHaveProperty("empty");
  });

  it("reads settings of any scalar type as text", () => {
    const text = `${VALID}spec:\n  replicas: 5\n  config: {tickTime: 2000, skipACL: false, x: "y"}`;
    expect(parse(text).spec).toEqual({
      ...defaultSpec(),
      replicas: 5,
      config: { tickTime: "2000", skipACL: "false", x: "y" },
    });
  });

  it("lets through what Kubernetes adds", () => {
    const text = `---\n${VALID}  namespace: prod\n  uid: abc\n  labels: {a: b}\nstatus: {replicas: 3}\n`;
    expect(parse(text).metadata).toEqual({ name: "demo", namespace: "prod" });
  });

  it("keeps what the operator wrote", () => {
    const text = `${VALID}status: {phase: Running, members: [{id: 1, role: leader}]}`;
    expect(parse(text).status).toEqual({ phase: "Running", members: [{ id: 1, role: "leader" }] });
  });

  it("accepts the resources of a container as numbers and texts", () => {
    const text = `${VALID}spec: {resources: {requests: {cpu: 2, memory: 1.5Gi}}}`;
    expect(parse(text).spec.resources.requests).toEqual({ cpu: 2, memory: "1.5Gi" });
  });

  it("takes nothing for accepted in a recovery", () => {
    const text = `${VALID}spec: {recovery: {survivor: 2, ensembleUid: a-b, zxid: "0x1200000034"}}`;
    expect(parse(text).spec.recovery).toEqual({
      survivor: 2,
      ensembleUid: "a-b",
      zxid: "0x1200000034",
      acceptDataLoss: false,
    });
  });

  it("accepts every Ensemble in manifests/", () => {
    const folder = new URL("../../../manifests/", import.meta.url);
    const texts = readdirSync(folder)
      .filter((name) => name.endsWith(".yaml"))
      .flatMap((name) => readFileSync(new URL(name, folder), "utf8").split(/^---$/mu))
      .filter((text) => /^kind: Ensemble$/mu.test(text));
    expect(texts).not.toEqual([]);
    for (const text of texts) expect(() => parse(text)).not.toThrow();
  });

  it.each([
    ["", ["e.yaml: expected one YAML document, found none"]],
    [`${VALID}---\n${VALID}`, ["e.yaml: expected one YAML document, found 2"]],
    ["- a", ['e.yaml: expected an object with apiVersion, kind, metadata and spec, found ["a"]']],
    [
      "apiVersion: ensemble.dev/v2\nmetadata: {}",
      [
        "e.yaml: apiVersion: expected 'ensemble.dev/v1', found \"ensemble.dev/v2\"",
        "e.yaml: kind: expected 'Ensemble', but it is missing",
      ],
    ],
    [
      VALID.replace("name: demo", "name: Demo_1"),
      [
        "e.yaml: metadata.name: expected at most 63 lower-case letters, digits and '-', " +
          "not '-' at either end, found \"Demo_1\"",
      ],
    ],
    [VALID.replace("name: demo", "nam: demo"), ["e.yaml: metadata.name: expected to be set"]],
    [
      `${VALID}spec: {recovery: {survivor: 0, ensembleUid: a, zxid: 0x12, acceptDataLoss: yes}}`,
      [
        "e.yaml: spec.recovery.survivor: expected a whole number from 1 to 99, found 0",
        "e.yaml: spec.recovery.zxid: expected a zxid in quotes, such as '0x1200000034', found 18",
        'e.yaml: spec.recovery.acceptDataLoss: expected a boolean, found "yes"',
      ],
    ],
    [
      `${VALID}spec: {recovery: {survivor: 1, acceptDataLoss: true}}`,
      [
        "e.yaml: spec.recovery.ensembleUid: expected to be set",
        "e.yaml: spec.recovery.zxid: expected to be set",
      ],
    ],
    [
      `${VALID}spec:\n  replica: 3`,
      ["e.yaml: spec.replica: unknown field; did you mean 'replicas'?"],
    ],
    [`${VALID}frobnicate: 3`, ["e.yaml: frobnicate: unknown field"]],
    [
      `${VALID}spec: {replicas: 0}`,
      ["e.yaml: spec.replicas: expected a whole number from 1 to 99, found 0"],
    ],
    [
      `${VALID}spec: {replicas: three, confg: {}}`,
      [
        "e.yaml: spec.confg: unknown field; did you mean 'config'?",
        'e.yaml: spec.replicas: expected a whole number from 1 to 99, found "three"',
      ],
    ],
    [`${VALID}spec: 3`, ["e.yaml: spec: expected an object, found 3"]],
    [
      `${VALID}spec: {storage: {size: ten, retention: {whenScaled: Keep}}}`,
      [
        'e.yaml: spec.storage.size: expected a quantity such as 10Gi, found "ten"',
        "e.yaml: spec.storage.retention.whenScaled: expected one of Retain, Delete, found " +
          '"Keep"',
      ],
    ],
    [
      `${VALID}spec: {bootstrap: {import: {servers: [zk-0]}}, tls: {client: {}}}`,
      [
        "e.yaml: spec.tls.client.secretName: expected to be set",
        "e.yaml: spec.bootstrap.import.servers.0: expected a name or address, ':' and a port, " +
          'found "zk-0"',
      ],
    ],
    [
      `${VALID}spec: {config: {tickTime: [1]}}`,
      ["e.yaml: spec.config.tickTime: expected a text, a number, true or false, found [1]"],
    ],
    [
      `${VALID}spec: {config: {dataDir: /x, zookeeper.server.1: y}}`,
      [
        "e.yaml: spec.config.dataDir: expected not to be set, as the operator sets it",
        "e.yaml: spec.config.zookeeper.server.1: expected not to be set, as the operator sets it",
      ],
    ],
  ])("rejects %j", (text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it.each([
    [{ "DigestAuthenticationProvider.enabled": false }, "true, as the operator proves itself"],
    [{ "zookeeper.DigestAuthenticationProvider.enabled": "No" }, "true, as the operator proves"],
    [{ reconfigEnabled: "no" }, "true, as the operator changes the members with it"],
    [{ sessionRequireClientSASLAuth: "yes" }, "false, as the operator is a client of members"],
    [
      { "enforce.auth.schemes": "sasl,x509", "zookeeper.enforce.auth.enabled": true },
      "a list with digest, by which the operator proves itself",
    ],
    [{ "admin.commandURL": "/admin" }, "/commands, where the operator asks members how they are"],
  ])("rejects settings with which members refuse the operator: %j", (config, expected) => {
    const [[key, value] = []] = Object.entries(config);
    const text = `${VALID}spec: {config: ${JSON.stringify(config)}}`;
    expect(problems(text)).toHaveLength(1);
    expect(problems(text)[0]).toContain(`e.yaml: spec.config.${key}: expected ${expected}`);
    expect(problems(text)[0]).toMatch(new RegExp(`, found '${String(value)}'$`, "u"));
  });

  it.each([
    { "DigestAuthenticationProvider.enabled": "TRUE", reconfigEnabled: true },
    { "enforce.auth.enabled": true, "enforce.auth.schemes": "sasl, digest" },
    { "enforce.auth.enabled": false, "enforce.auth.schemes": "sasl" },
    { sessionRequireClientSASLAuth: false, "admin.commandURL": "/commands" },
    // Whoever may do everything may also do what the operator does.
    { skipACL: "yes" },
  ])("lets settings through with which members know the operator: %j", (config) => {
    expect(() => parse(`${VALID}spec: {config: ${JSON.stringify(config)}}`)).not.toThrow();
  });

  it("points to the line and column of bad YAML", () => {
    expect(problems("apiVersion: x\n  kind: y")).toEqual([
      expect.stringMatching(/^e\.yaml:2:7: invalid YAML: \S/u),
    ]);
  });

  it("reports what members would say about settings", () => {
    expect(() =>
      parseEnsemble(`${VALID}spec: {config: {a: 1}}`, "e.yaml", (config) => [
        `a: expected nothing, found '${String(config["a"])}'`,
      ]),
    ).toThrow("e.yaml: spec.config.a: expected nothing, found '1'");
  });
});

describe("readEnsemble()", () => {
  const object = {
    apiVersion: "ensemble.dev/v1",
    kind: "Ensemble",
    metadata: { name: "demo", uid: "abc" },
    spec: { observers: 2 },
  };

  it("leaves the object as it is", () => {
    const before = structuredClone(object);
    const { spec } = readEnsemble(object, "demo", () => []);
    expect(spec).toEqual({ ...defaultSpec(), observers: 2 });
    expect(object).toEqual(before);
  });

  it("says what is wrong with it", () => {
    expect(() => readEnsemble({ ...object, spec: { observers: -1 } }, "demo", () => [])).toThrow(
      "demo: spec.observers: expected a whole number from 0 to 99, found -1",
    );
  });
});

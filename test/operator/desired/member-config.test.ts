import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  buildConfigMap,
  configMapName,
  parseRecoveryOrder,
  memberIdOf,
  renderMemberSettings,
} from "../../../src/operator/index.ts";
import type { RecoveryOrder } from "../../../src/operator/index.ts";
import { hashText } from "../../../src/base/index.ts";
import { LIVE_KEYS } from "../../../src/operator/member-settings.ts";
import { CONFIG_KEYS } from "../../../src/server/config/index.ts";
import { memberHost, podName, wantedIds } from "../../../src/operator/desired/member-names.ts";
import { parseServerConfig } from "../../../src/server/index.ts";
import { ownerWith } from "./support/owner.ts";

const DIGEST = `operator:${createHash("sha256").update("operator:secret").digest("base64")}`;
const IDENTITY = { ensembleUid: "e-1", operatorDigest: DIGEST };

function settingsOf(spec: object = {}) {
  return renderMemberSettings(ownerWith(spec).ensemble, IDENTITY);
}

/** What a server makes of the settings, with a line of its own. */
function parse(spec: object = {}) {
  const text = `${settingsOf(spec).text}server.1=127.0.0.1:1:2;2181\n`;
  return parseServerConfig(text, "zoo.cfg", (file) => (file.endsWith("/myid") ? "1" : null));
}

describe("renderMemberSettings()", () => {
  it("is what a server of a quorum can be reached and changed with", () => {
    expect(parse()).toMatchObject({
      dataDir: "/var/lib/ensemble/data",
      dataLogDir: "/var/lib/ensemble/data",
      bootstrap: "explicit",
      ensembleId: "e-1",
      replicated: true,
      reconfigEnabled: true,
      takesJoiners: true,
      quorumListenOnAllIps: true,
      tickTimeMs: 2000,
      admin: { isEnabled: true, address: "0.0.0.0", port: 8080 },
      auth: { operatorDigest: DIGEST },
      metrics: { provider: "prometheus", host: "0.0.0.0", port: 7000 },
      warnings: [],
    });
  });

  it("has the log on a volume of its own if there is one", () => {
    const storage = { size: "1Gi", logVolume: { size: "1Gi" } };
    expect(parse({ storage }).dataLogDir).toBe("/var/lib/ensemble/log");
  });

  it("takes over the spec's settings, and lets nothing of the operator's be overridden", () => {
    const config = { tickTime: 500, "zookeeper.snapCount": 77, "metricsProvider.httpPort": 1 };
    expect(parse({ config })).toMatchObject({
      tickTimeMs: 500,
      snapCount: 77,
      metrics: { port: 7000 },
      warnings: [],
    });
  });

  it.each(["admin.serverAddress", "quorumListenOnAllIPs", "ensemble.operatorDigest"])(
    "leaves %s to the operator",
    (key) => {
      expect(() => ownerWith({ config: { [key]: "x" } })).toThrow(
        `spec.config.${key}: expected not to be set, as the operator sets it`,
      );
    },
  );

  it("has another digest only when a setting is another one", () => {
    const { digest } = settingsOf({ config: { tickTime: 500, syncLimit: 3 } });
    const same = settingsOf({ config: { syncLimit: 3, tickTime: 500 }, replicas: 5 });
    expect(same.digest).toBe(digest);
    expect(settingsOf({ config: { syncLimit: 3, tickTime: 501 } }).digest).not.toBe(digest);
    expect(digest).toBe(hashText(same.text));
  });

  it("has another hash for pods only when a setting takes a restart", () => {
    const config = { tickTime: 500, maxClientCnxns: 60 };
    const { digest, restartHash } = settingsOf({ config });
    const live = settingsOf({ config: { ...config, maxClientCnxns: 70, connectionMaxTokens: 5 } });
    expect(live.restartHash).toBe(restartHash);
    expect(live.digest).not.toBe(digest);
    const prefixed = { "zookeeper.maxCnxns": 9, "4lw.commands.whitelist": "*" };
    expect(settingsOf({ config: { ...config, ...prefixed } }).restartHash).toBe(restartHash);
    expect(settingsOf({ config: { ...config, tickTime: 501 } }).restartHash).not.toBe(restartHash);
    expect(settingsOf({ config: { ...config, snapCount: 9 } }).restartHash).not.toBe(restartHash);
  });

  it("knows the keys that running members take up, as their own table has them", () => {
    const live = CONFIG_KEYS.filter((key) => key.live !== undefined);
    const names = live.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    expect(LIVE_KEYS.toSorted()).toEqual(names.toSorted());
  });
});

describe("buildConfigMap()", () => {
  const roles = new Map([
    [101, "observer"],
    [2, "observer"],
    [1, "participant"],
  ] as const);

  function build(founders: readonly number[] | null, recovery: RecoveryOrder | null = null) {
    const owner = ownerWith({ service: { client: { port: 2182 } } });
    const settings = settingsOf();
    return buildConfigMap(owner, {
      settings,
      members: roles,
      importedLines: [],
      founders,
      recovery,
    });
  }

  it("says where the members are, by ascending id", () => {
    const { data, metadata } = build(null);
    expect(metadata.name).toBe("demo-config");
    expect(metadata.name).toBe(configMapName(ownerWith().ensemble));
    expect(data["zoo.cfg"]).toBe(settingsOf().text);
    expect(data["members"]!.split("\n")).toEqual([
      "server.1=demo-0.demo-members.prod.svc.cluster.local:2888:3888:participant;2182",
      "server.2=demo-1.demo-members.prod.svc.cluster.local:2888:3888:observer;2182",
      "server.101=demo-observers-0.demo-members.prod.svc.cluster.local:2888:3888:observer;2182",
      "",
    ]);
  });

  it("names founders only while there are any", () => {
    expect(build([1, 2, 3]).data["founders"]).toBe("1,2,3");
    expect(build(null).data).not.toHaveProperty("founders");
  });

  it("says what becomes of volumes after a recovery, and whose goes on until it has", () => {
    expect(build(null).data).not.toHaveProperty("recovery");
    const survivor = { sid: 2, zxid: 0x1200000034n };
    for (const order of [
      { lostUid: "5f1f-a", survivor },
      { lostUid: "5f1f-a", survivor: null },
    ]) {
      const { recovery } = build(null, order).data;
      expect(parseRecoveryOrder(recovery ?? "")).toEqual(order);
    }
    for (const text of ["", "lostUid=\n", "lostUid=a\nsurvivor=2\n", "survivor=2\nzxid=0x1\n"]) {
      expect(parseRecoveryOrder(text)).toBeNull();
    }
  });
});

describe("names of members", () => {
  it("are those of pods, and say the id", () => {
    const { ensemble } = ownerWith({ replicas: 3, observers: 2, clusterDomain: "k8s.test" });
    expect(wantedIds(ensemble)).toEqual([1, 2, 3, 101, 102]);
    for (const id of wantedIds(ensemble)) expect(memberIdOf(podName(ensemble, id))).toBe(id);
    expect(podName(ensemble, 102)).toBe("demo-observers-1");
    expect(memberHost(ensemble, 3)).toBe("demo-2.demo-members.prod.svc.k8s.test");
  });

  it.each(["demo", "demo-", "-1", "demo-01", "demo-x", "demo-12345", ""])(
    "memberIdOf() knows no '%s'",
    (name) => {
      expect(memberIdOf(name)).toBeNull();
    },
  );
});

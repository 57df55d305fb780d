import { describe, expect, it } from "vitest";
import { CONFIG_KEYS, findConfigKey, parseServerConfig } from "../../../src/server/config/index.ts";
import { ZOOKEEPER_KEYS } from "./zookeeper-keys.ts";

describe("the table of configuration keys", () => {
  it.each(ZOOKEEPER_KEYS)("knows ZooKeeper's %s, with and without a prefix", (name) => {
    expect(findConfigKey(name)).not.toBeNull();
    expect(findConfigKey(`zookeeper.${name}`)).toBe(findConfigKey(name));
  });

  it("gives a reason for each key that is not used", () => {
    for (const key of CONFIG_KEYS) {
      const isUsed = key.support === undefined || key.support === "used";
      expect(key.reason === undefined, key.name).toBe(isUsed);
    }
  });

  it("has a key for each of the live settings, which the server uses", () => {
    const { live } = parseServerConfig("dataDir=/data\nclientPort=1", "zoo.cfg", () => null);
    const keys = CONFIG_KEYS.filter((key) => key.live !== undefined);
    expect(new Set(keys.map((key) => key.live))).toEqual(new Set(Object.keys(live)));
    expect(keys.filter(({ support }) => support !== undefined)).toEqual([]);
  });

  it("has each name once", () => {
    const names = CONFIG_KEYS.flatMap((key) => [key.name, ...(key.aliases ?? [])]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

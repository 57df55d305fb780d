/** What is left of a zoo.cfg when the members have a file of their own. */
import { expect, test } from "vitest";
import { editStaticConfig } from "../../../src/server/reconfig/edit-static-config.ts";

const edit = (text: string, hasClientAddress = true): string =>
  editStaticConfig(text, {
    file: "zoo.cfg",
    dynamicFile: "/c/zoo.cfg.dynamic.5",
    hasClientAddress,
  });

const text = [
  "# ours",
  "dataDir=/d",
  "  server.1 = a:1:2",
  "server.2=b:1:2;\\",
  "  2181",
  "group.1=1:2",
  "weight.1=2",
  "clientPort=2181",
  "zookeeper.clientPortAddress=0.0.0.0",
  "clientPortListenBacklog=5",
  "peerType=observer",
  "  ",
  "",
  "",
].join("\r\n");

test("the members, their client ports and what contradicts them go; the rest stays", () => {
  expect(edit(text)).toBe(
    "# ours\ndataDir=/d\nclientPortListenBacklog=5\n  \ndynamicConfigFile=/c/zoo.cfg.dynamic.5\n",
  );
});

test("the client port stays where the server's line has none", () => {
  expect(edit(text, false)).toContain("clientPort=2181\nzookeeper.clientPortAddress=0.0.0.0\n");
});

test("an earlier dynamic file is not named any more", () => {
  expect(edit("dynamicConfigFile=/c/zoo.cfg.dynamic.4\ntickTime=5")).toBe(
    "tickTime=5\ndynamicConfigFile=/c/zoo.cfg.dynamic.5\n",
  );
});

/** `ensemble server --check` tells what a configuration comes to, and starts nothing. */
import { Command } from "commander";
import { expect, test } from "vitest";
import { registerServer } from "../../src/cli/index.ts";
import { ConfigError, parseServerConfig } from "../../src/server/index.ts";

const file = "zoo.cfg";
const quorum = "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/data\nclientPort=2181\n";
const lines = "server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888:observer\n";

/** What is printed for a configuration with this text. */
async function check(text: string, myId: string | null = "3"): Promise<string[]> {
  const printed: string[] = [];
  const unwanted = (): never => {
    throw new Error("A check starts nothing");
  };
  const program = new Command();
  registerServer(program, {
    loadServerConfig: () => parseServerConfig(text, file, () => myId),
    startServer: unwanted,
    createLogger: unwanted,
    onStopSignal: unwanted,
    onStdinEnd: unwanted,
    print: (line) => printed.push(line),
  });
  await program.parseAsync(["server", "--check", file], { from: "user" });
  return printed;
}

test("server --check prints what has no effect, and who the server would be", async () => {
  expect(await check(`${quorum}dataLogDir=/logs\nquorum.cnxn.threads.size=20\n${lines}`)).toEqual([
    expect.stringMatching(/^warning: zoo\.cfg:7: quorum\.cnxn\.threads\.size: has no effect/u),
    expect.stringMatching(/^warning: .*with 2 voters no failure is tolerated/u),
    "server 3 of 3, observer: clients on port 2181, data in /data, logs in /logs",
  ]);
});

test("server --check knows a standalone server", async () => {
  expect(await check("dataDir=/data\nclientPort=2181\n", null)).toEqual([
    "a standalone server: clients on port 2181, data in /data",
  ]);
});

test("server --check fails as the server would", async () => {
  await expect(check(`${quorum}${lines}sslQuorum=true\n`)).rejects.toThrow(ConfigError);
});

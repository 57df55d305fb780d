/** The shell's commands and its loop over a fake connection: what is sent and what is printed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { runCommand, runLines } from "../../../src/cli/shell/run-lines.ts";
import type { ShellContext } from "../../../src/cli/shell/shell-command.ts";
import { EnsembleClient } from "../../../src/client/index.ts";
import { ErrorCode, OpCode } from "../../../src/wire/index.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { FakeTimers } from "../../client/support/fake-timers.ts";
import { FakeTransport } from "../../client/support/fake-transport.ts";
import { int, reply, someStat, statBytes, text } from "../../client/support/server-bytes.ts";

interface Bench {
  readonly context: ShellContext;
  readonly printed: string[];
  readonly transport: FakeTransport;
  readonly timers: FakeTimers;
}

async function bench(): Promise<Bench> {
  const timers = new FakeTimers();
  const transport = new FakeTransport();
  const client = new EnsembleClient("zk1", { timers, transport });
  await timers.advance(0);
  transport.last.accept();
  await timers.settle();
  const printed: string[] = [];
  const print = (line: string): number => printed.push(line);
  const newWatch = () => (): void => undefined;
  return { context: { client, print, newWatch }, printed, transport, timers };
}

/** Runs a command while the server gives `bodies` (or error codes) in turn; returns its requests. */
async function run(
  { context, transport, timers }: Bench,
  line: string,
  ...answers: readonly (Buffer | number)[]
): Promise<{ op: number; path: string }[]> {
  const outcome = runCommand(context, line.split(" ")).then(
    () => undefined,
    (error: unknown) => error,
  );
  const seen: { op: number; path: string }[] = [];
  const left = [...answers];
  await timers.settle();
  for (let sent = transport.last.takeRequests(); sent.length > 0;) {
    for (const { xid, op, body } of sent) {
      seen.push({ op, path: body.toString("utf8", 4, 4 + body.readInt32BE(0)) });
      const answer = left.shift() ?? Buffer.alloc(0);
      const isError = typeof answer === "number";
      transport.last.handlers.received(reply(xid, isError ? { err: answer } : { body: answer }));
    }
    await timers.settle();
    sent = transport.last.takeRequests();
  }
  const error = await outcome;
  if (error !== undefined) throw error as Error;
  return seen;
}

const children = (...names: string[]): Buffer =>
  Buffer.concat([int(names.length), ...names.map((name) => text(name)), statBytes()]);

const statLines = [
  "cZxid = 0x1",
  "ctime = Thu Jan 01 00:00:01 UTC 1970",
  "mZxid = 0x2",
  "mtime = Thu Jan 01 00:00:02 UTC 1970",
  "pZxid = 0x8",
  "cversion = 4",
  "dataVersion = 3",
  "aclVersion = 5",
  "ephemeralOwner = 0x0",
  "dataLength = 6",
  "numChildren = 7",
];

describe("runCommand()", () => {
  test("ls prints sorted names, and with -s the stat", async () => {
    const shell = await bench();
    await run(shell, "ls -s /", children("b", "a"));
    expect(shell.printed).toEqual(["[a, b]", ...statLines]);
  });

  test("ls -R prints parents before children and leaves out what is gone", async () => {
    const shell = await bench();
    const gone = ErrorCode.noNode;
    await run(shell, "ls -R /", children("b", "a"), children("x"), children(), gone);
    expect(shell.printed).toEqual(["/", "/a", "/a/x"]);
  });

  test("get prints text, or null for none; an owner is unsigned", async () => {
    const shell = await bench();
    const owned = statBytes({ ...someStat, ephemeralOwner: -1n });
    await run(shell, "get /a", Buffer.concat([text("hällo"), statBytes()]));
    await run(shell, "get -s /a", Buffer.concat([int(-1), owned]));
    expect(shell.printed.slice(0, 2)).toEqual(["hällo", "null"]);
    expect(shell.printed).toContain("ephemeralOwner = 0xffffffffffffffff");
  });

  test.each([
    ["create /a", OpCode.create],
    ["create -s -e /a x world:anyone:r", OpCode.create],
    ["create -c /a", OpCode.createContainer],
    ["create -s -t 1000 /a", OpCode.createTTL],
  ])("%s", async (line, op) => {
    const shell = await bench();
    const seen = await run(shell, line, Buffer.concat([text("/a1"), statBytes()]));
    expect(seen).toEqual([{ op, path: "/a" }]);
    expect(shell.printed).toEqual(["Created /a1"]);
  });

  const configText =
    "server.1=a:1:2:participant;0.0.0.0:21\nserver.2=b:1:2:observer\nversion=1a0000000f";
  const configReply = Buffer.concat([text(configText), statBytes()]);

  test("config prints the members, and with -c where clients connect", async () => {
    const shell = await bench();
    await run(shell, "config", configReply);
    await run(shell, "config -c -s", configReply);
    expect(shell.printed).toEqual([configText, "1a0000000f 0.0.0.0:21", ...statLines]);
  });

  test.each(["-add server.3=c:1:2;3 -remove 1,2 -v 1a", "-members server.1=a:1:2;3"])(
    "reconfig %s",
    async (flags) => {
      const shell = await bench();
      const seen = await run(shell, `reconfig ${flags}`, configReply);
      expect(seen.map(({ op }) => op)).toEqual([OpCode.reconfig]);
      expect(shell.printed).toEqual([`Committed new configuration:\n${configText}`]);
    },
  );

  test("reconfig takes the members from a file", async () => {
    const shell = await bench();
    const file = join(temporaryFolder(), "members");
    writeFileSync(file, "# all\nserver.1=a:1:2;3\n\nversion=5\n");
    const [request] = await run(shell, `reconfig -file ${file}`, configReply);
    expect(request?.op).toBe(OpCode.reconfig);
  });

  test("deleteall deletes the deepest first", async () => {
    const shell = await bench();
    const found = [children("x", "y"), children("z"), children(), children()];
    const seen = await run(shell, "deleteall /a", ...found);
    const deleted = seen.filter(({ op }) => op === OpCode.delete).map(({ path }) => path);
    expect(deleted).toEqual(["/a/y", "/a/x/z", "/a/x", "/a"]);
  });

  test.each([
    ["stat /a", "Cannot print stat of '/a': the node does not exist"],
    ["get /a", "Cannot get data of '/a': the node does not exist"],
    ["set -v x /a 1", "Cannot run set: -v needs a version number, not 'x'; usage: set"],
    ["create -e -c /a", "Cannot run create: of -e, -c and -t only one may be given"],
    ["reconfig -v 1", "Cannot run reconfig: either -add and -remove, or -members, or -file says"],
    ["reconfig -add a -members b", "Cannot run reconfig: either -add and -remove, or -members"],
    ["reconfig -remove x", "Cannot run reconfig: -remove needs ids, not 'x'"],
    ["reconfig -v x -add a", "Cannot run reconfig: -v needs a version in hexadecimal, not 'x'"],
    ["reconfig -file /nowhere", "Cannot run reconfig: -file cannot be read"],
    ["crate /a", "Cannot run 'crate': there is no such command; did you mean 'create'?"],
    ["frobnicate", "Cannot run 'frobnicate': there is no such command; try 'help'"],
  ])("%s fails with one clear line", async (line, message) => {
    const shell = await bench();
    await expect(run(shell, line, ErrorCode.noNode)).rejects.toThrow(message);
  });

  test("help names every command with its usage", async () => {
    const shell = await bench();
    await run(shell, "help");
    expect(shell.printed.join("\n")).toMatch(/^setAcl \[-s\] \[-v aclVersion\] path acl {2,}\w/mu);
  });
});

describe("runLines()", () => {
  async function runScript(
    script: string,
  ): Promise<{ shell: Bench; stderr: string; end: unknown }> {
    const shell = await bench();
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.end(script);
    const end = await runLines(shell.context, { stdin, stdout, stderr }, "zk1").then(
      () => undefined,
      (error: unknown) => error,
    );
    return { shell, stderr: String(stderr.read() ?? ""), end };
  }

  test("a script goes on after a failure and fails in the end", async () => {
    const { shell, stderr, end } = await runScript("bogus\n\n  history\nget 'x\n");
    expect(shell.printed).toEqual(["0 - bogus", "1 -   history"]);
    expect(stderr).toBe(
      "Cannot run 'bogus': there is no such command; try 'help'\n" +
        "Cannot read line: a ' is not closed\n",
    );
    expect(end).toMatchObject({ code: "script", message: "2 of 3 commands failed" });
  });

  test("quit ends it before the rest", async () => {
    const { shell, end } = await runScript("history\nquit\nbogus\n");
    expect(end).toBeUndefined();
    expect(shell.printed).toEqual(["0 - history"]);
  });
});

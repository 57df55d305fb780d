#!/usr/bin/env -S node --max-semi-space-size=16
/**
 * The composition root of the `ensemble` command: puts the commands together with the clock, the
 * logger, the signals and the environment of this process. Nothing else reads the command line or
 * the environment, handles signals, or exits.
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import {
  registerInspect,
  registerMember,
  registerOperator,
  registerRecover,
  registerServer,
  registerShell,
  registerUp,
} from "../cli/index.ts";
import type { ServeDeps } from "../cli/index.ts";
import { loadServerConfig } from "../server/config/index.ts";
import { keepLargeHeapTight } from "./heap-growth.ts";
import { systemClock } from "./system-clock.ts";
import { createWinstonLogger } from "./winston-logger.ts";
import type { ClosableLogger } from "./winston-logger.ts";

const loggers: ClosableLogger[] = [];

async function main(): Promise<void> {
  const program = new Command("ensemble")
    .description("A ZooKeeper-compatible coordination service that runs itself")
    .version(readVersion(), "-V, --version", "print the version")
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /u, "ensemble: ")),
    });
  registerUp(program, {
    clock: systemClock,
    pid: process.pid,
    workingFolder: process.cwd(),
    server: {
      command: [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), "member"],
      env: process.env,
    },
    print: (line) => console.log(line),
    onStopSignal,
  });
  const serving: ServeDeps = {
    loadServerConfig,
    startServer: async (options) => {
      keepLargeHeapTight();
      // Only now: commands that run no server, such as the operator, have no room for one.
      const { startServer } = await import("../server/index.ts");
      return startServer({ ...options, clock: systemClock });
    },
    createLogger: ({ file, level }) => {
      const logger = createWinstonLogger({ file, level, isTerminal: process.stderr.isTTY });
      loggers.push(logger);
      return logger;
    },
    onStopSignal,
    onStdinEnd: (handler) => process.stdin.once("close", handler).resume(),
  };
  registerServer(program, {
    ...serving,
    print: (line) => console.log(line),
  });
  registerMember(program, { ...serving, podName: process.env["POD_NAME"] ?? null });
  registerOperator(program, {
    createLogger: serving.createLogger,
    onStopSignal,
    env: process.env,
    host: process.env["POD_NAME"] ?? hostname(),
    podNamespace: process.env["POD_NAMESPACE"] ?? null,
  });
  registerShell(program, process);
  registerRecover(program, { loadServerConfig, print: (line) => console.log(line) });
  registerInspect(program, { print: (line) => console.log(line) });
  program
    .command("version")
    .description("print the version")
    .action(() => console.log(readVersion()));
  await program.parseAsync();
}

function onStopSignal(handler: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, handler);
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** A line for each thing that a user can do something about; the stack for our bugs. */
function describeFailure(error: unknown): string[] {
  // Other typed errors and the system's have a code; Node's own ERR_… mean a bug of ours.
  if (error instanceof Error && "code" in error && !String(error.code).startsWith("ERR_")) {
    return error.message.split("\n").map((line) => `ensemble: ${line}`);
  }
  return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
}

/** 1, unless the error's class has something more to say by it. */
function exitCodeOf(error: unknown): number {
  if (!(error instanceof Error) || !("exitCode" in error)) return 1;
  return typeof error.exitCode === "number" ? error.exitCode : 1;
}

let exitCode = 0;
try {
  await main();
} catch (error) {
  exitCode = exitCodeOf(error);
  for (const logger of loggers) logger.error("Stopped by an error", { error });
  for (const line of describeFailure(error)) console.error(line);
}
await Promise.all(loggers.map((logger) => logger.close()));
process.exit(exitCode);

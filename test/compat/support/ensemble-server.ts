/**
 * Starts our own server from an ordinary `zoo.cfg`, as a process of its own.
 * The counterpart of `startApacheServer`: same files in, same {@link ServerProcess} out.
 */
import { fileURLToPath } from "node:url";
import { readClientPort } from "./member-layout.ts";
import { startServerProcess, waitUntilServing } from "./server-process.ts";
import type { ServerProcess } from "./server-process.ts";

const ENTRY_POINT = fileURLToPath(new URL("../../../src/main/ensemble.ts", import.meta.url));

/** How to start one of our servers. */
export interface EnsembleServerOptions {
  readonly zooCfgPath: string;
  /** Working directory and place of the log. Must exist. */
  readonly folder: string;
  /** @default "ensemble" */
  readonly name?: string;
  /** The program. @default the unbuilt one in `src/` */
  readonly entryPoint?: string;
  /** Flags for node itself, before the entry point. */
  readonly nodeFlags?: readonly string[];
  /** Resolve only when it serves; false for a member that cannot serve alone. @default true */
  readonly wait?: boolean;
}

/** Starts `ensemble server <zoo.cfg>` and, unless `wait` is false, waits until it serves. */
export async function startEnsembleServer(options: EnsembleServerOptions): Promise<ServerProcess> {
  const server = await startServerProcess({
    name: options.name ?? "ensemble",
    file: process.execPath,
    args: [
      ...(options.nodeFlags ?? []),
      options.entryPoint ?? ENTRY_POINT,
      "server",
      options.zooCfgPath,
    ],
    folder: options.folder,
    clientPort: await readClientPort(options.zooCfgPath),
  });
  if (options.wait ?? true) {
    try {
      await waitUntilServing([server]);
    } catch (error) {
      await server.kill();
      throw error;
    }
  }
  return server;
}

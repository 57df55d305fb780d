/**
 * How much memory a server keeps: its inspector collects garbage and says what is alive, the kernel
 * says what is resident. The server must have been started with `--inspect=127.0.0.1:0`.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { ServerProcess } from "../../compat/support/server-process.ts";

/** What a server holds once nothing that is garbage is left. */
export interface Memory {
  /** Objects and buffers that can still be reached. */
  readonly liveBytes: number;
  /** As the kernel counts; what has been freed goes back to it late, or in part. */
  readonly residentBytes: number;
}

const COLLECTIONS = 3;
const PAUSE_MS = 200;
const LIVE = "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())";

export async function settledMemory({ pid, logPath }: ServerProcess): Promise<Memory> {
  const listening = [...readFileSync(logPath, "utf8").matchAll(/listening on (ws:\S+)/gu)];
  const url = listening.at(-1)?.[1];
  if (url === undefined) throw new Error(`No inspector in ${logPath}: start it with --inspect`);
  const inspector = new WebSocket(url);
  await new Promise((resolve, reject) => {
    inspector.addEventListener("open", resolve);
    inspector.addEventListener("error", () => reject(new Error(`Cannot connect to ${url}`)));
  });
  for (let count = 0; count < COLLECTIONS; count += 1) {
    await ask(inspector, "HeapProfiler.collectGarbage");
    // Pages go back to the kernel from another thread.
    await sleep(PAUSE_MS);
  }
  const answer = await ask(inspector, "Runtime.evaluate", { expression: LIVE });
  inspector.close();
  const { result } = JSON.parse(answer) as { result: { result: { value: number } } };
  const resident = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (resident === undefined) throw new Error(`The kernel does not say how large ${pid} is`);
  return { liveBytes: result.result.value, residentBytes: Number(resident) * 1024 };
}

/** One question at a time: the next message is the answer. */
function ask(inspector: WebSocket, method: string, params: object = {}): Promise<string> {
  return new Promise((resolve) => {
    inspector.addEventListener("message", ({ data }) => resolve(String(data)), { once: true });
    inspector.send(JSON.stringify({ id: 1, method, params }));
  });
}

/**
 * Freezes a process for certain. SIGSTOP is under way when `kill` returns: threads of the process
 * may go on for a moment, long enough to acknowledge what was sent after the call.
 */
import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const WAIT_MS_MAX = 5000;
const POLL_MS = 2;

/** Stops `pid` with SIGSTOP; resolves when each of its threads stands still. */
export async function freezeProcess(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (!(await isFrozen(pid))) {
    if (performance.now() > deadlineMs) throw new Error(`Process ${pid} does not stop`);
    await sleep(POLL_MS);
  }
}

async function isFrozen(pid: number): Promise<boolean> {
  const folder = `/proc/${pid}/task`;
  for (const thread of await readdir(folder)) {
    const stat = await readFile(`${folder}/${thread}/stat`, "utf8");
    // The state follows the name, which is in parentheses and may hold anything.
    if (stat.charAt(stat.lastIndexOf(")") + 2) !== "T") return false;
  }
  return true;
}

/**
 * Runs a program again with networks, mounts and processes that only it sees: what it does to them
 * hurts nobody, and all of it is gone with the program, however it ends.
 */
import { spawn, spawnSync } from "node:child_process";

const unshare = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** For those who are not root: to be it in there. */
const asRoot = ["--user", "--map-root-user"];

/** What a run needs of its surroundings, tried out. */
const trial =
  "mount -t tmpfs tmpfs /run && ip netns add trial && echo 1 > /proc/sys/net/ipv4/ip_forward && " +
  "ip link add one type veth peer name two netns trial && nft add table ip trial";

/** How to be contained here, as the beginning of a command line; undefined when it is not allowed. */
export function findContainment(): readonly string[] | undefined {
  const attempts = [
    ["unshare", ...unshare],
    ["unshare", ...asRoot, ...unshare],
  ];
  return attempts.find(([file, ...args]) => {
    return spawnSync(file ?? "", [...args, "sh", "-c", trial]).status === 0;
  });
}

/** Runs `commandLine` with our output as its own; resolves with its exit code. */
export function runContained(
  containment: readonly string[],
  commandLine: readonly string[],
): Promise<number> {
  const [file = "", ...args] = [...containment, ...commandLine];
  const child = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"] });
  const end = (): void => void child.kill("SIGKILL");
  process.on("exit", end);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

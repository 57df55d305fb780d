/**
 * What a process has used so far, from Linux's `/proc`: processor time and resident memory. Reading
 * before and after a stretch of work gives the cost of that work. Processor time is counted in
 * clock ticks of 10 ms on all usual kernels, so stretches should be seconds long.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Totals of one process. */
export interface ProcessUsage {
  readonly pid: number;
  /** User and system time of all its threads since it started. */
  readonly cpuSeconds: number;
  /** Resident memory now. */
  readonly rssBytes: number;
  /** The most resident memory it ever had. */
  readonly rssPeakBytes: number;
}

let ticksPerSecond: number | undefined;

/** Reads the totals of process `pid`. @throws Error when there is no such process. */
export function readProcessUsage(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    pid,
    cpuSeconds: parseCpuTicks(stat) / clockTicksPerSecond(),
    rssBytes: parseStatusBytes(status, "VmRSS"),
    rssPeakBytes: parseStatusBytes(status, "VmHWM"),
  };
}

/** Processor time that all processes and the kernel have used since the machine started. */
export function readMachineBusySeconds(): number {
  return parseBusyTicks(readFileSync("/proc/stat", "utf8")) / clockTicksPerSecond();
}

/** Ticks of the first line of `/proc/stat` in which a core was not idle. */
export function parseBusyTicks(stat: string): number {
  const [line = ""] = stat.split("\n");
  // user nice system idle iowait irq softirq steal; guest time is part of user time already.
  const fields = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return fields.reduce((busy, ticks, at) => (at === 3 || at === 4 ? busy : busy + ticks), 0);
}

/** utime + stime in clock ticks, from the text of `/proc/<pid>/stat`. */
export function parseCpuTicks(stat: string): number {
  // The second field, the command in parentheses, may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** A `kB` line of `/proc/<pid>/status`, in bytes; 0 when it is not there. */
export function parseStatusBytes(status: string, key: "VmRSS" | "VmHWM"): number {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status);
  return Number(match?.[1] ?? 0) * 1024;
}

function clockTicksPerSecond(): number {
  ticksPerSecond ??= Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).trim());
  return ticksPerSecond;
}

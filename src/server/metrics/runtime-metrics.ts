/**
 * What Java's exporter tells of its machine and Node.js can tell of its own, under Java's names, so
 * that the memory and garbage collection panels of dashboards made for Apache ZooKeeper show
 * something. What has no counterpart (threads, classes, memory pools by collector) is left out.
 */
import { PerformanceObserver, constants } from "node:perf_hooks";
import type { PerformanceEntry } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";

/** What Node.js adds to an entry of type `gc`; its declared types leave it out. */
type CollectionEntry = PerformanceEntry & { readonly detail?: { readonly kind: number } };

export function registerRuntimeMetrics(registry: Registry): void {
  registerMemory(registry);
  const registers = [registry];
  new Gauge({
    name: "jvm_info",
    help: "The runtime: Node.js and its engine",
    labelNames: ["version", "vendor", "runtime"],
    registers,
  }).set({ version: process.version, vendor: "Node.js", runtime: `V8 ${process.versions.v8}` }, 1);
  const kinds = new Map([
    [constants.NODE_PERFORMANCE_GC_MINOR, "minor"],
    [constants.NODE_PERFORMANCE_GC_MAJOR, "major"],
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL, "incremental"],
    [constants.NODE_PERFORMANCE_GC_WEAKCB, "weakcb"],
  ]);
  const labelNames = ["gc"];
  const help = "Garbage collections, by kind";
  const count = new Counter({
    name: "jvm_gc_collection_seconds_count",
    help,
    labelNames,
    registers,
  });
  const sum = new Counter({
    name: "jvm_gc_collection_seconds_sum",
    help: "Time spent in garbage collections, in seconds, by kind",
    labelNames,
    registers,
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as CollectionEntry[]) {
      const { duration, detail } = entry;
      const kind = detail?.kind ?? 0;
      const labels = { gc: kinds.get(kind) ?? "other" };
      count.inc(labels);
      sum.inc(labels, duration / 1000);
    }
  }).observe({ entryTypes: ["gc"] });
}

/** Heap, and what is outside of it: buffers above all. */
function registerMemory(registry: Registry): void {
  const read = {
    used: "Bytes in use",
    committed: "Bytes taken from the system",
    max: "Bytes that may be taken, -1 for no limit",
  };
  for (const [what, help] of Object.entries(read)) {
    new Gauge({
      name: `jvm_memory_bytes_${what}`,
      help: `${help}, in and outside of the heap`,
      labelNames: ["area"],
      registers: [registry],
      collect() {
        const { heapUsed, heapTotal, external } = process.memoryUsage();
        const limit = getHeapStatistics().heap_size_limit;
        const heap = { used: heapUsed, committed: heapTotal, max: limit }[what] ?? 0;
        this.set({ area: "heap" }, heap);
        this.set({ area: "nonheap" }, what === "max" ? -1 : external);
      },
    });
  }
}

/**
 * How far V8 lets the heap grow before it collects. By itself it lets it double and more, which a
 * server of many nodes pays for in hundreds of megabytes; a small server gains by it, as the
 * buffers of its sockets count as well and would have it collect several times a second.
 */
import { getHeapStatistics, setFlagsFromString } from "node:v8";

const MiB = 1024 * 1024;
/** Heap in use from which on it is kept tight, in bytes. */
const largeHeapBytes = 128 * MiB;
/** How often the heap is looked at, in ms. */
const checkEveryMs = 2000;

/** Lets the heap of this process grow by 40 % at a time once it is large. */
export function keepLargeHeapTight(): void {
  const timer = setInterval(() => {
    if (getHeapStatistics().used_heap_size < largeHeapBytes) return;
    clearInterval(timer);
    setFlagsFromString("--heap-growing-percent=40");
  }, checkEveryMs);
  timer.unref();
}

/** In the place of `node:timers/promises` for simulated processes: the part of it that is used. */

export function setTimeout<T>(delayMs: number, value?: T): Promise<T | undefined> {
  return new Promise((resolve) => {
    globalThis.setTimeout(() => resolve(value), delayMs);
  });
}

export function setImmediate<T>(value?: T): Promise<T | undefined> {
  return new Promise((resolve) => {
    globalThis.setImmediate(() => resolve(value));
  });
}

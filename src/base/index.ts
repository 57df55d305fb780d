/** The face of `base/`: what every other folder may build on. */
export { assert, assertDefined } from "./assert.ts";
export type { Clock } from "./clock.ts";
export { hashText } from "./hash-text.ts";
export { nearestName } from "./nearest-name.ts";
export { randomInt, seededRandom } from "./random.ts";
export type { Random } from "./random.ts";
export { Fifo } from "./fifo.ts";

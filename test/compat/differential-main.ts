/**
 * Compares our server with Apache's by hand, on any number of random operations:
 *
 *     npm run differential -- --ops 100000 --seed 7 [--quotas]
 *
 * Without --seed the operations are other ones each time. Needs what the compat suite needs.
 * The operations are done in runs of 500; the seed of the nth run is the seed plus n. At the first
 * difference it prints the shortest sequence of operations that shows it, and exits with 1.
 */
import { parseArgs } from "node:util";
import { installApacheZooKeeper } from "./support/apache-zookeeper.ts";
import { startComparedPair } from "./support/compared-pair.ts";
import { describeDifference } from "./support/comparison.ts";
import { randomOperations } from "./support/random-operations.ts";

const OPERATIONS_PER_RUN = 500;
const SHORTEN_LIMIT_MS = 600_000;

const { values } = parseArgs({
  options: {
    ops: { type: "string", default: "10000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 0x40000000)) },
    quotas: { type: "boolean", default: false },
  },
});
const count = Number(values.ops);
const firstSeed = Number(values.seed);
const options = { hasQuotas: values.quotas };

await installApacheZooKeeper();
const pair = await startComparedPair(options);
try {
  for (let done = 0, seed = firstSeed; done < count; seed += 1) {
    const size = Math.min(OPERATIONS_PER_RUN, count - done);
    const operations = randomOperations(seed, size, options);
    const difference = await pair.comparison.run(operations);
    if (difference !== undefined) {
      console.log(`Seed ${seed}: a difference after ${difference.operations.length} operations`);
      const shortest = await pair.comparison.shorten(difference, SHORTEN_LIMIT_MS);
      console.log(describeDifference(shortest));
      process.exitCode = 1;
      break;
    }
    done += size;
    console.log(`Seed ${seed}: ${done} operations of ${count} without a difference`);
  }
} finally {
  await pair.remove();
}

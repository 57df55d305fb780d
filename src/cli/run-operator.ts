/** Runs `ensemble operator` from its start to its end in order. */
import { startOperator } from "../operator/index.ts";
import { checkSettings } from "./check-settings.ts";
import type { OperatorDeps, OperatorFlags } from "./operator-options.ts";

/** Resolves after a stop that was asked for; rejects when the operator cannot go on. */
export async function runOperator(flags: OperatorFlags, deps: OperatorDeps): Promise<void> {
  const logger = deps.createLogger({ file: null, level: flags.logLevel });
  const stopWanted = new Promise<void>((resolve) => deps.onStopSignal(resolve));
  const [firstNamespace = "default"] = flags.namespace;
  const leaseNamespace = flags.leaseNamespace ?? deps.podNamespace ?? firstNamespace;
  const operator = await startOperator({
    env: deps.env,
    namespaces: flags.namespace,
    leaseNamespace: flags.leaderElect ? leaseNamespace : null,
    healthPort: flags.healthPort,
    metricsPort: flags.metricsPort,
    image: flags.image,
    host: deps.host,
    checkSettings,
    random: { next: Math.random },
    logger,
  });
  logger.info("Operator started", { namespaces: flags.namespace, image: flags.image });
  try {
    await Promise.race([stopWanted, operator.lost]);
  } finally {
    await operator.stop();
    logger.info("Operator stopped");
  }
}

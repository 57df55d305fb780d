/**
 * The members as a file states them: its `server.N`, `group.G` and `weight.N` lines, each error
 * with its place. Stricter than what servers tell each other: a file of one's own can be put right.
 */
import {
  QuorumConfigError,
  makeQuorumConfig,
  parseGroup,
  parseNumberedKey,
  parseServerLine,
  parseWeight,
} from "../../wire/index.ts";
import type { QuorumConfig, ServerSpec } from "../../wire/index.ts";
import { ConfigError } from "./config-error.ts";
import type { Property } from "./properties.ts";

/** A `version` line, which ZooKeeper allows, is not asked. @throws ConfigError */
export function readMembers(
  lines: readonly Property[],
  file: string,
): Omit<QuorumConfig, "version"> {
  const servers: ServerSpec[] = [];
  const groups = new Map<bigint, readonly bigint[]>();
  const weights = new Map<bigint, bigint>();
  const endpoints = new Map<string, number>();
  for (const property of lines) {
    const { key, value } = property;
    const read = <T>(parse: () => T): T => orConfigError(parse, { ...property, file });
    if (key === "version") continue;
    const number = read(() => parseNumberedKey(key));
    if (key.startsWith("group."))
      groups.set(
        number,
        read(() => parseGroup(value)),
      );
    else if (key.startsWith("weight."))
      weights.set(
        number,
        read(() => parseWeight(value)),
      );
    else {
      const server = read(() => parseServerLine(number, value));
      read(() => {
        checkServer(server, servers, { endpoints, line: property.line });
      });
      servers.push(server);
    }
  }
  const whole = { key: "server.N", value: undefined, file };
  return orConfigError(() => makeQuorumConfig({ servers, groups, weights, version: 0n }), whole);
}

/** Where something stands that is being read. */
interface Place {
  readonly file: string;
  readonly line?: number;
  readonly key: string;
  readonly value: string | undefined;
}

/** @throws ConfigError for a QuorumConfigError, with its place. */
function orConfigError<T>(parse: () => T, { file, line, key, value }: Place): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof QuorumConfigError)) throw error;
    const place = line === undefined ? { file, key } : { file, line, key };
    const expected = error.message;
    throw new ConfigError(
      value === undefined ? { ...place, expected } : { ...place, expected, found: value },
    );
  }
}

/** What a file may not say twice, and what is not supported. @throws QuorumConfigError */
function checkServer(
  server: ServerSpec,
  others: readonly ServerSpec[],
  { endpoints, line }: { readonly endpoints: Map<string, number>; readonly line: number },
): void {
  if (others.some(({ sid }) => sid === server.sid))
    throw new QuorumConfigError("each server id once");
  if (server.addresses.length > 1) {
    throw new QuorumConfigError("one address (more are not supported yet)");
  }
  for (const { host, quorumPort, electionPort } of server.addresses) {
    for (const port of [quorumPort, electionPort]) {
      const endpoint = `${host.toLowerCase()}:${port}`;
      const other = endpoints.get(endpoint);
      if (other !== undefined && port !== 0) {
        throw new QuorumConfigError(`${endpoint} to be used once (it is also on line ${other})`);
      }
      endpoints.set(endpoint, line);
    }
  }
}

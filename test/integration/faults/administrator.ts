/**
 * An administrator who changes who the members are and who leads while everything else goes on, and
 * makes the members whole again afterwards. What is asked for may be refused, or go unanswered: it
 * says what came of it. It never asks for fewer voters than a majority of all servers.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { EnsembleClient, ZkError } from "../../../src/client/index.ts";
import type { EnsembleConfig, MembershipChange } from "../../../src/client/index.ts";
import type { ServerRole } from "../../../src/wire/index.ts";
import { askAdmin } from "../../compat/support/admin-client.ts";

const user = "super:test";
const userDigest = "super:D/InIHSb7yEEbrWz8b9l71RjZJU=";

/** What the servers' configuration needs, so that this one may do it all. */
export const administratorConfig = {
  "DigestAuthenticationProvider.superDigest": userDigest,
  "admin.enableServer": true,
  standaloneEnabled: false,
};

const adminPort = 8080;
const SESSION_TIMEOUT_MS = 4000;
/** For one request, which may never be answered. */
const ANSWER_TIMEOUT_MS = 5000;
const RETRY_MS = 200;

/** How the members are to differ. */
export type WantedChange =
  /** The servers that are the only members. */
  | { readonly members: readonly number[] }
  | { readonly removed: number }
  | { readonly observer: number };

export interface AdministratorOptions {
  readonly ids: readonly number[];
  /** All servers, for clients. */
  readonly connectString: string;
  readonly hostOf: (id: number) => string;
  /** A server's line in the configuration. */
  readonly lineOf: (id: number, role: ServerRole) => string;
}

export class Administrator {
  readonly #options: AdministratorOptions;
  /** What came of what it asked for, with counts. */
  readonly outcomes = new Map<string, number>();

  constructor(options: AdministratorOptions) {
    this.#options = options;
  }

  /** Asks once for another membership, if the one in force is still that which it has seen. */
  async change(wanted: WantedChange): Promise<void> {
    const outcome = await this.#whenAnswered(async (client) => {
      const before = await configInForce(client);
      const left = votersIn(before).filter((id) => isVoterStill(id, wanted));
      if (left.length * 2 <= this.#options.ids.length) return "too few would be left";
      await reconfigure(client, this.#requestFor(wanted), before);
      return "done";
    });
    this.#count(`change of members: ${outcome}`);
  }

  /**
   * Makes all servers voters again, as often as it takes.
   *
   * @throws Error that says what was in the way when they are not after `timeoutMs`.
   */
  async restoreMembers(timeoutMs: number): Promise<void> {
    const { ids, lineOf } = this.#options;
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const outcome = await this.#whenAnswered(async (client) => {
        const before = await configInForce(client);
        const voters = votersIn(before);
        const missing = ids.filter((id) => !voters.includes(id));
        if (missing.length === 0) return "whole";
        const add = missing.map((id) => lineOf(id, "participant"));
        await reconfigure(client, { add }, before);
        return "done";
      });
      if (outcome === "whole") return;
      this.#count(`members made whole: ${outcome}`);
      if (performance.now() > deadlineMs) {
        throw new Error(`The members are not whole again after ${timeoutMs} ms: ${outcome}`);
      }
      await sleep(RETRY_MS);
    }
  }

  /** Asks a server to hand the leadership over, to `target` or to any. */
  async handOver(leader: number, target: number | undefined): Promise<void> {
    const query = target === undefined ? "" : `?target=${target}`;
    const headers = { Authorization: `digest ${user}` };
    let outcome: string;
    try {
      const { statusCode, body } = await askAdmin(
        adminPort,
        `/commands/transfer_leadership${query}`,
        { method: "POST", headers, host: this.#options.hostOf(leader) },
      );
      const { reason } = JSON.parse(body.toString()) as { reason?: string };
      outcome = statusCode === 200 ? "done" : (reason ?? String(statusCode));
    } catch {
      outcome = "no answer";
    }
    this.#count(`hand-over: ${outcome}`);
  }

  #requestFor(wanted: WantedChange): MembershipChange {
    const { lineOf } = this.#options;
    if ("removed" in wanted) return { remove: [wanted.removed] };
    if ("observer" in wanted) return { add: [lineOf(wanted.observer, "observer")] };
    return { members: wanted.members.map((id) => lineOf(id, "participant")) };
  }

  /** What `work` came to with a client of its own; the code of the error when it failed. */
  async #whenAnswered(work: (client: EnsembleClient) => Promise<string>): Promise<string> {
    const options = {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      auth: [{ scheme: "digest", auth: user }],
    };
    const client = new EnsembleClient(this.#options.connectString, options);
    try {
      return await work(client);
    } catch (error) {
      if (error instanceof ZkError) return error.code;
      if ((error as Error).name === "TimeoutError") return "no answer";
      throw error;
    } finally {
      await client.close();
    }
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

async function configInForce(client: EnsembleClient): Promise<EnsembleConfig> {
  await client.sync("/", { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  return client.getConfig({ signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}

async function reconfigure(
  client: EnsembleClient,
  change: MembershipChange,
  { version }: EnsembleConfig,
): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  await client.reconfigure(change, { fromVersion: version, signal });
}

function votersIn({ text }: EnsembleConfig): number[] {
  return [...text.matchAll(/^server\.(\d+)=.*:participant/gmu)].map(([, id]) => Number(id));
}

function isVoterStill(id: number, wanted: WantedChange): boolean {
  if ("members" in wanted) return wanted.members.includes(id);
  return id !== ("removed" in wanted ? wanted.removed : wanted.observer);
}

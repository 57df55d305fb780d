/** Has a leader hand the leadership over (decision 0007), as the operator does before it ends one. */
import { askAdmin } from "./admin-request.ts";
import type { MemberAddress } from "./member-address.ts";
import { MemberError } from "./member-error.ts";
import type { EnsembleAccess } from "./membership.ts";
import { OPERATOR_USER } from "../desired/identity.ts";

/** A server gives up after 5 s and says so. */
const TIMEOUT_MS = 10_000;

/**
 * Asks the leader at `address` to hand over to member `to`.
 *
 * @returns the id of who leads now, which may be another one.
 * @throws MemberError `refused` when the leadership stays where it is, with the reason.
 */
export async function transferLeadership(
  address: MemberAddress,
  to: number,
  { password }: Pick<EnsembleAccess, "password">,
): Promise<number> {
  const { status, body } = await askAdmin(address, {
    method: "POST",
    path: `/commands/transfer_leadership?target=${String(to)}`,
    headers: { authorization: `digest ${OPERATOR_USER}:${password}` },
    timeoutMs: TIMEOUT_MS,
  });
  const leader = body["leader_id"];
  if (status === 200 && typeof leader === "number") return leader;
  const said = typeof body["error"] === "string" ? body["error"] : `status ${String(status)}`;
  throw new MemberError("refused", `The leadership was not handed over: ${said}`);
}

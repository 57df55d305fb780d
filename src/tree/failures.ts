/** Transactions that say that a request failed, for all servers to know. */
import { ErrorCode, OpCode } from "../wire/index.ts";
import type { ErrorTxn, MultiTxn } from "../wire/index.ts";

export function failure(err: number): ErrorTxn {
  return { type: OpCode.error, err };
}

/** Operations before the failing one count as 0, those after it as never tried. */
export function failedMulti(count: number, failedIndex: number, error: ErrorTxn): ErrorTxn[] {
  return Array.from({ length: count }, (_, index) => {
    if (index < failedIndex) return failure(ErrorCode.ok);
    return index === failedIndex ? error : failure(ErrorCode.runtimeInconsistency);
  });
}

/** An operation that is not in a client's multi fails as one that is in none. */
export function firstError(txn: MultiTxn | ErrorTxn): MultiTxn | ErrorTxn {
  if (txn.type === OpCode.error) return txn;
  const [first] = txn.txns;
  return first?.type === OpCode.error ? first : txn;
}

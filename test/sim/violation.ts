/** What a checker throws: the core broke a promise, or its driver's contract. */

/** A broken promise; `rule` names it for tests that expect a certain one. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly rule: string;

  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}

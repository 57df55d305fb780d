/**
 * The one error that reading a configuration can end in. Its message is a single line that names
 * the file, the line and the key, says what was expected, and quotes what was found.
 */

/** What is wrong and where. */
export interface ConfigErrorDetails {
  /** The file, as the user named it. */
  readonly file: string;
  /** Line number from 1; absent when the problem is not on one line. */
  readonly line?: number;
  /** The key; absent when the problem is not with one key. */
  readonly key?: string;
  /** What should have been there, continuing "expected …". */
  readonly expected: string;
  /** The value that was there; absent when nothing was. */
  readonly found?: string;
}

/** Thrown when a configuration cannot be used. `code` is always `CONFIG_INVALID`. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "CONFIG_INVALID";
  readonly file: string;
  readonly line: number | null;
  readonly key: string | null;
  readonly expected: string;
  /** The message without file and line. */
  readonly detail: string;

  constructor(details: ConfigErrorDetails, options?: ErrorOptions) {
    const { file, line } = details;
    const detail = formatDetail(details);
    super(`${line === undefined ? file : `${file}:${String(line)}`}: ${detail}`, options);
    this.detail = detail;
    this.file = details.file;
    this.line = details.line ?? null;
    this.key = details.key ?? null;
    this.expected = details.expected;
  }
}

function formatDetail({ key, expected, found }: ConfigErrorDetails): string {
  const subject = key === undefined ? "" : `${key}: `;
  const actual = found === undefined ? "" : `, found '${found.replaceAll(/\s+/gu, " ")}'`;
  return `${subject}expected ${expected}${actual}`;
}

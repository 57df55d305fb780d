/**
 * The login configuration file of Java (JAAS), of which ZooKeeper's SASL settings are part:
 *
 *     Server {
 *       org.apache.zookeeper.server.auth.DigestLoginModule required
 *       user_bob="secret";
 *     };
 *
 * The grammar and the tokens are those of the JDK's own reader
 * (`javax.security.auth.login.Configuration`, implementation `ConfigFile`). Different from it,
 * `${name}` in a value is an error, since there are no Java system properties to put in.
 */
import { ConfigError } from "./config-error.ts";

/** One login module of a section. */
export interface JaasModule {
  /** The Java class. */
  readonly className: string;
  readonly options: ReadonlyMap<string, string>;
  /** Number, from 1, of the line that the class name is on. */
  readonly line: number;
}

/** The sections of a file, by name. */
export type JaasFile = ReadonlyMap<string, readonly JaasModule[]>;

/** A word or quoted text, a sign, or the end of the file. */
interface Token {
  readonly kind: "text" | "sign" | "end";
  readonly text: string;
  readonly line: number;
}

const flags: ReadonlySet<string> = new Set(["required", "requisite", "sufficient", "optional"]);

/**
 * Parses the text of a JAAS file.
 *
 * @throws ConfigError that names `file` and the line; it never quotes a value, which may be a
 * password.
 */
export function parseJaasFile(text: string, file: string): JaasFile {
  return new Parser(text, file).parse();
}

class Parser {
  readonly #file: string;
  readonly #tokens: Iterator<Token, Token>;
  #next: Token;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#tokens = tokenize(text, file);
    this.#next = this.#tokens.next().value;
  }

  parse(): JaasFile {
    const sections = new Map<string, readonly JaasModule[]>();
    while (this.#next.kind !== "end") {
      const { line } = this.#next;
      const name = this.#text("the name of a section");
      if (sections.has(name)) {
        throw this.#error(line, `section '${name}' only once`);
      }
      this.#sign("{");
      const modules: JaasModule[] = [];
      while (!this.#isAt("}")) modules.push(this.#module());
      this.#sign("}");
      this.#sign(";");
      sections.set(name, modules);
    }
    return sections;
  }

  #module(): JaasModule {
    const { line } = this.#next;
    const className = this.#text("the class of a login module");
    const flagLine = this.#next.line;
    const flag = this.#text("required, requisite, sufficient or optional");
    if (!flags.has(flag.toLowerCase())) {
      throw this.#error(flagLine, "required, requisite, sufficient or optional", flag);
    }
    const options = new Map<string, string>();
    while (!this.#isAt(";")) {
      const key = this.#text("an option or ';'");
      this.#sign("=");
      const valueLine = this.#next.line;
      const value = this.#text(`a value of '${key}', in double quotes`);
      if (/\$\{[^}]*\}/u.test(value)) {
        const expected = `a value of '${key}' without \${…} (there are no Java system properties)`;
        throw this.#error(valueLine, expected);
      }
      options.set(key, value);
    }
    this.#sign(";");
    return { className, options, line };
  }

  #isAt(sign: string): boolean {
    return this.#next.kind === "sign" && this.#next.text === sign;
  }

  #text(expected: string): string {
    const { kind, text, line } = this.#next;
    if (kind !== "text") throw this.#error(line, expected, foundText(this.#next));
    this.#advance();
    return text;
  }

  #sign(sign: string): void {
    if (!this.#isAt(sign)) {
      // A word here may be a part of a password that lacks its quotes.
      const found = this.#next.kind === "text" ? undefined : foundText(this.#next);
      throw this.#error(this.#next.line, `'${sign}'`, found);
    }
    this.#advance();
  }

  #advance(): void {
    this.#next = this.#tokens.next().value;
  }

  #error(line: number, expected: string, found?: string): ConfigError {
    const details = { file: this.#file, line, expected };
    return new ConfigError(found === undefined ? details : { ...details, found });
  }
}

function foundText({ kind, text }: Token): string {
  return kind === "end" ? "the end of the file" : text;
}

const patterns = {
  space: /([\s\0]+)/u,
  comment: /(\/\/[^\r\n]*|\/\*[^]*?\*\/)/u,
  quoted: /"((?:[^"\\\r\n]|\\[^])*)"/u,
  word: /([A-Za-z_$*\u00a0-\uffff][\w$*\-.\u00a0-\uffff]*)/u,
  sign: /([^])/u,
};

const pattern = new RegExp(
  Object.values(patterns)
    .map(({ source }) => source)
    .join("|"),
  "gu",
);

function* tokenize(text: string, file: string): Generator<Token, Token> {
  let line = 1;
  for (const match of text.matchAll(pattern)) {
    const [whole, space, comment, quoted, word, sign] = match;
    if (quoted !== undefined) yield { kind: "text", text: unescapeQuoted(quoted), line };
    else if (word !== undefined) yield { kind: "text", text: word, line };
    else if (sign === '"' || (sign === "/" && text[match.index + 1] === "*")) {
      const expected = sign === '"' ? "a closing quote on the same line" : "an end of the comment";
      throw new ConfigError({ file, line, expected });
    } else if (space === undefined && comment === undefined) {
      yield { kind: "sign", text: whole, line };
    }
    line += whole.match(/\r\n|\r|\n/gu)?.length ?? 0;
  }
  const end: Token = { kind: "end", text: "", line };
  return end;
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function unescapeQuoted(text: string): string {
  return text.replaceAll(/\\([0-3][0-7]{0,2}|[4-7][0-7]?|[^])/gu, (_, body: string) =>
    /^[0-7]/u.test(body) ? String.fromCharCode(Number.parseInt(body, 8)) : (escapes[body] ?? body),
  );
}

// Lint rules: typescript-eslint's strict set with types, and the house rules on top of it.
// Formatting belongs to Prettier, the arrows between folders to dependency-cruiser, dead code to
// knip, and what needs a look at comments or file names to test/tidy.test.ts.

import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

/** Files that are data in the shape of code: their length says nothing about their difficulty. */
const TABLES = [];

/** The pure ring: synchronous state machines and codecs; time and randomness are arguments. */
const PURE_RING = [
  "src/{base,observe,wire,tree,zab}/**/*.ts",
  "src/client/session.ts",
  "src/storage/*-format.ts",
  "src/operator/{desired,plan}/**/*.ts",
];

const TESTS = ["test/**/*.ts"];

const PURE = "is not allowed in the pure ring";

const NO_AMBIENT_STATE = [
  { object: "Date", property: "now", message: `The clock ${PURE}: take the time as an argument.` },
  { object: "Math", property: "random", message: `Chance ${PURE}: take a Random as an argument.` },
];

const NO_PROCESS_CONTROL = ["argv", "env", "exit", "exitCode", "on", "once"].map((property) => ({
  object: "process",
  property,
  message: "Only src/main reads the environment, handles signals and exits: pass a value in.",
}));

const SYNTAX_EVERYWHERE = [
  {
    // `list[i]!` is how a loop says that its index is in range (noUncheckedIndexedAccess makes
    // every element optional). Anywhere else `!` hides a case that somebody should think about.
    selector: "TSNonNullExpression:not([expression.computed=true])",
    message: "Use '!' only on an indexed element; otherwise check the value, or assert it.",
  },
  { selector: "ExportDefaultDeclaration", message: "Use a named export." },
  { selector: "ExportAllDeclaration", message: "Name what is exported: no 'export *'." },
  {
    selector: "MemberExpression[object.name='AbortSignal'][property.name='any']",
    message: "A signal that lives long holds on to what 'any' makes of it: listen, and let go.",
  },
];

const SYNTAX_PURE = [
  { selector: ":function[async=true]", message: `An async function ${PURE}.` },
  { selector: "AwaitExpression", message: `'await' ${PURE}.` },
  { selector: "ForOfStatement[await=true]", message: `'for await' ${PURE}.` },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: `The clock ${PURE}: take the time as an argument.`,
  },
];

const GLOBALS_PURE = [
  "Promise",
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
].map((name) => ({ name, message: `'${name}' ${PURE}.` }));

export default defineConfig(
  globalIgnores(["dist/", "coverage/", "data/", "types/", "test/fixtures/"]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // House rules.
      eqeqeq: "error",
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 4],
      "no-console": "error",
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        // A number from the wire has no exhaustive list of cases: it needs a default.
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],

      // Tuned, because as they stand they forbid plain and safe code.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A failure that was caught as `unknown` and kept may be thrown again.
      "@typescript-eslint/only-throw-error": [
        "error",
        { allowThrowingAny: false, allowThrowingUnknown: true },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],

      // Off. Control bytes are ordinary data to a codec.
      "no-control-regex": "off",
      // Off. The rule of our own above allows exactly the use that hot loops need.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Off. Narrowing outlives calls and awaits, so that the rule takes a needed second look at a
      // field (`if (this.closed)` after a callback) for a useless one.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // Off. An adapter implements an asynchronous interface also where it has nothing to wait
      // for, and `async` is what makes its throws rejections.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/main/**"],
    rules: {
      "no-restricted-properties": ["error", ...NO_PROCESS_CONTROL],
      "no-restricted-imports": [
        "error",
        { paths: [{ name: "node:process", message: "Use the global 'process'." }] },
      ],
    },
  },
  {
    files: PURE_RING,
    rules: {
      "no-restricted-globals": ["error", ...GLOBALS_PURE],
      "no-restricted-properties": ["error", ...NO_AMBIENT_STATE],
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE, ...SYNTAX_PURE],
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["node:*"], message: `Node's modules are not for the pure ring.` }] },
      ],
    },
  },
  { files: ["src/main/**", "src/cli/**", "bench/**", ".ci/**"], rules: { "no-console": "off" } },
  {
    files: ["src/**/*.ts", "bench/**/*.ts"],
    ignores: TABLES,
    rules: { "max-lines": ["error", { max: 400 }] },
  },
  {
    files: TESTS,
    rules: {
      "max-lines-per-function": "off",
      "no-console": "off",
      "no-restricted-syntax": ["error", ...SYNTAX_EVERYWHERE.slice(1)],
      // expect.any() and its kin are `any` by design.
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
  { files: ["*.config.ts", "*.config.js"], rules: { "no-restricted-syntax": "off" } },
  {
    // Outside the TypeScript project: linted without types.
    files: ["**/*.{js,cjs,mjs}"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { module: "writable", process: "readonly" } },
  },
);

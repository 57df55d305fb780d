/**
 * The `Logger` of real processes, made of winston. Records go to a file or to something that is
 * not a terminal as JSON lines (`time`, `level`, `message`, then the fields), and to a terminal in
 * a form for people. Files are limited in size and number. 64-bit numbers are written in
 * hexadecimal, as ZooKeeper writes its ids; errors with their code, cause and stack.
 */
import { createLogger, format, transports } from "winston";
import type { Logger as WinstonLogger, LoggerOptions as WinstonOptions } from "winston";
import type { LogFields, Logger } from "../observe/index.ts";

/** Where and what to log. */
export interface LoggerOptions {
  /** A file for JSON lines; null for standard error. */
  readonly file: string | null;
  /** The least severe level that is written: debug, info, warn or error. */
  readonly level: string;
  /** Whether standard error is a terminal. */
  readonly isTerminal: boolean;
}

/** A logger that owns a file or stream. */
export interface ClosableLogger extends Logger {
  /** Resolves when everything is written; nothing may be logged after the call. */
  close(): Promise<void>;
}

const FILE_BYTES_MAX = 20 * 1024 * 1024;
const FILE_COUNT_MAX = 5;
const LEVELS = ["error", "warn", "info", "debug"];

/** Creates the logger of a process. */
export function createWinstonLogger(options: LoggerOptions): ClosableLogger {
  const { file, level, isTerminal } = options;
  const winston = createLogger({
    level,
    format: file === null && isTerminal ? humanFormat() : jsonFormat(),
    transports: file === null ? terminalTransport() : fileTransport(file),
  });
  return {
    ...adapt(winston, {}),
    close: async () => {
      await new Promise<void>((resolve) => {
        winston.once("finish", resolve);
        winston.end();
      });
    },
  };
}

/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- winston declares what
   its constructors create as interfaces, not as the class that it asks for */
function terminalTransport(): NonNullable<WinstonOptions["transports"]> {
  return new transports.Console({ stderrLevels: LEVELS });
}

function fileTransport(filename: string): NonNullable<WinstonOptions["transports"]> {
  const maxsize = FILE_BYTES_MAX;
  return new transports.File({ filename, maxsize, maxFiles: FILE_COUNT_MAX, tailable: true });
}
/* eslint-enable @typescript-eslint/no-unsafe-class-instance-assignment */

function adapt(winston: WinstonLogger, bound: LogFields): Logger {
  // The fields travel apart from winston's own properties, which they could otherwise replace.
  const log = (level: string, message: string, fields?: LogFields): void => {
    winston.log({ level, message, fields: { ...bound, ...fields } });
  };
  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    child: (fields) => adapt(winston, { ...bound, ...fields }),
  };
}

function jsonFormat(): ReturnType<typeof format.printf> {
  return format.printf(({ level, message, fields }) => {
    const own = { time: new Date().toISOString(), level, message };
    // First for the reader's sake, and last so that no field of that name replaces them.
    return JSON.stringify({ ...own, ...fieldsOf(fields), ...own }, replaceValue);
  });
}

function humanFormat(): ReturnType<typeof format.printf> {
  return format.printf(({ level, message, fields }) => {
    const time = new Date().toISOString().slice(11, 23);
    const pairs = Object.entries(fieldsOf(fields)).map(([key, value]) => {
      const text = JSON.stringify(value, replaceValue) ?? String(value);
      return ` ${key}=${text.replace(/^"([^"\\\s]*)"$/u, "$1")}`;
    });
    return `${time} ${level.toUpperCase().padEnd(5)} ${String(message)}${pairs.join("")}`;
  });
}

function fieldsOf(fields: unknown): LogFields {
  return typeof fields === "object" && fields !== null ? { ...fields } : {};
}

function replaceValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `0x${BigInt.asUintN(64, value).toString(16)}`;
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause } = value;
  const code: unknown = "code" in value ? value.code : undefined;
  return { name, message, code, stack, cause };
}

/**
 * The audit log's file, made of winston: a line for each record, in the form that the pattern in
 * ZooKeeper's own logging configuration gives it. Ten earlier files of 10 MB are kept, as there.
 * Writing is asynchronous; what the disk does not take in time is lost, and the loss is reported.
 */
import { createLogger, format, transports } from "winston";
import type { Logger as WinstonLogger, LoggerOptions } from "winston";
import type { Clock } from "../../base/index.ts";
import type { Logger } from "../../observe/index.ts";
import { formatAuditRecord } from "./audit-record.ts";
import type { AuditRecord } from "./audit-record.ts";
import type { AuditSink } from "./audit-trail.ts";

const fileBytesMax = 10 * 1000 * 1000;
const fileCountMax = 11;
/** Records not yet written above which further ones are lost. */
const pendingMax = 100_000;

export interface AuditFileOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class AuditFile implements AuditSink {
  readonly #options: AuditFileOptions;
  readonly #winston: WinstonLogger;
  #pending = 0;
  #lost = 0;

  constructor(options: AuditFileOptions) {
    this.#options = options;
    const { file, logger } = options;
    const transport = new transports.File({
      filename: file,
      maxsize: fileBytesMax,
      maxFiles: fileCountMax,
      tailable: true,
    });
    transport.on("logged", () => {
      this.#written();
    });
    this.#winston = createLogger({
      level: "info",
      format: format.printf(({ message }) => String(message)),
      // winston declares what its constructors create as interfaces, not as what it asks for.
      transports: transport as unknown as NonNullable<LoggerOptions["transports"]>,
    });
    this.#winston.on("error", (error) => {
      logger.error("Audit log cannot be written", { file, error });
    });
  }

  write(record: AuditRecord): void {
    if (this.#pending >= pendingMax) {
      if (this.#lost === 0) this.#report("Audit log falls behind: records are being lost");
      this.#lost += 1;
      return;
    }
    this.#pending += 1;
    const level = record.result === "failure" ? "ERROR" : "INFO";
    const time = formatTime(this.#options.clock.wallMs());
    this.#winston.info(`${time} ${level} audit.Slf4jAuditLogger: ${formatAuditRecord(record)}`);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#winston.once("finish", resolve);
      this.#winston.end();
    });
  }

  #written(): void {
    this.#pending -= 1;
    if (this.#lost === 0 || this.#pending > pendingMax / 2) return;
    this.#report("Audit log has caught up");
    this.#lost = 0;
  }

  #report(message: string): void {
    this.#options.logger.error(message, { file: this.#options.file, lost: this.#lost });
  }
}

/** `2026-11-21 10:55:09,652`, in local time, as ZooKeeper's pattern has it. */
function formatTime(wallMs: number): string {
  const localMs = wallMs - new Date(wallMs).getTimezoneOffset() * 60_000;
  return new Date(localMs).toISOString().replace("T", " ").replace(".", ",").slice(0, -1);
}

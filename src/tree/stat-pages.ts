/**
 * Room for the stats of nodes: rows of bytes in pages outside of the JavaScript heap. As fields of
 * an object the same numbers take twice the memory, since each 64-bit one is an object of its own,
 * and every garbage collection has to look at them. What is in a row is `stat-row.ts`'s business.
 * Rows given back are handed out again; pages live as long as the whole.
 */

/** Bytes of a row. */
const statRowBytes = 76;

const rowsPerPage = 1024;
const none = -1;

/** Rows one behind the other, each known by the offset of its first byte. */
export class StatPage {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The number of the page's first row. */
  readonly firstRow: number;

  constructor(firstRow: number, rowCount: number) {
    this.bytes = new Uint8Array(rowCount * statRowBytes);
    this.view = new DataView(this.bytes.buffer);
    this.firstRow = firstRow;
  }
}

/** The rows of one tree. */
export class StatPages {
  /** A row of zeros that nobody has: what is to be seen of a node that is gone. */
  readonly blank = new StatPage(none, 1);
  readonly #pages: StatPage[] = [];
  /** How many rows have been handed out at least once. */
  #usedCount = 0;
  /** The row given back last; its first bytes say which was given back before it. */
  #firstFree = none;

  /** Hands out a row, by its number. What it holds is undefined. */
  take(): number {
    const row = this.#firstFree;
    if (row !== none) {
      this.#firstFree = this.pageOf(row).view.getInt32(this.offsetOf(row));
      return row;
    }
    if (this.#usedCount === this.#pages.length * rowsPerPage) {
      this.#pages.push(new StatPage(this.#usedCount, rowsPerPage));
    }
    return this.#usedCount++;
  }

  /** Takes a row back, which nobody looks at any more. */
  giveBack(page: StatPage, offset: number): void {
    page.view.setInt32(offset, this.#firstFree);
    this.#firstFree = page.firstRow + offset / statRowBytes;
  }

  /** The page of a row that has been handed out. */
  pageOf(row: number): StatPage {
    return this.#pages[Math.floor(row / rowsPerPage)]!;
  }

  /** Where a row begins in its page. */
  offsetOf(row: number): number {
    return (row % rowsPerPage) * statRowBytes;
  }
}

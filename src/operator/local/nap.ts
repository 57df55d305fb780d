/** A pause that can be cut short, also before it begins: nothing that happens is slept through. */
export class Nap {
  #isWakeWanted = false;
  /** Ends the pause, if there is one. */
  #end: () => void = () => undefined;

  /** Resolves after `pauseMs`, or when it is cut short. */
  async pause(pauseMs: number): Promise<void> {
    if (!this.#isWakeWanted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        this.#end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isWakeWanted = false;
  }

  /** Cuts the pause short, or the next one if there is none. */
  wake(): void {
    this.#isWakeWanted = true;
    this.#end();
  }
}

/** How long to wait before trying again: doubling, bounded, and never the same for two windows. */
export class Backoff {
  private tries = 0;

  constructor(
    private readonly first = 400,
    private readonly most = 15_000,
    private readonly random: () => number = Math.random
  ) {}

  /** Milliseconds to wait now. */
  next(): number {
    const whole = Math.min(this.most, this.first * 2 ** this.tries);
    this.tries += 1;
    return whole * (0.75 + 0.5 * this.random());
  }

  reset(): void {
    this.tries = 0;
  }
}

/** One value that changes, and those who want to know. */
export type Unsubscribe = () => void;

export class Cell<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  readonly get = (): T => this.value;

  /** Replace the value; nothing is said when it is the same. */
  set(value: T): void {
    if (!Object.is(value, this.value)) {
      this.value = value;
      for (const listener of [...this.listeners]) {
        listener();
      }
    }
  }

  update(change: (value: T) => T): void {
    this.set(change(this.value));
  }

  readonly subscribe = (listener: () => void): Unsubscribe => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

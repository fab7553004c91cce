/** Readings that events may overtake: what was heard while one read counts after what was read. */
import type { Event } from '../api/types';

export class Overtaking {
  private readonly readings = new Set<Event[]>();

  /** Take note of an event, for all readings under way. */
  note(event: Event): void {
    for (const heard of this.readings) {
      heard.push(event);
    }
  }

  /** What was read, and the events that came meanwhile: the answer may be older than they are. */
  async read<T>(ask: () => Promise<T>): Promise<{ readonly found: T; readonly since: readonly Event[] }> {
    const since: Event[] = [];
    this.readings.add(since);
    try {
      return { found: await ask(), since };
    } finally {
      this.readings.delete(since);
    }
  }
}

// When which IKE SA has something to do: a binary heap, so that thousands of SAs cost nothing per
// message. Most messages only put an SA's next moment off: then its earlier place is kept, and looked
// at again when that moment comes.
import type { IkeSa } from './sa.js';

interface Alarm {
  readonly at: number;
  readonly sa: IkeSa;
}

export class Alarms {
  readonly #heap: Alarm[] = [];
  /** The earliest place an SA has; later ones of it are of no meaning any more. */
  readonly #place = new Map<IkeSa, Alarm>();

  /** Undefined: nothing to wait for. */
  set(sa: IkeSa, at: number | undefined): void {
    const place = this.#place.get(sa);
    if (at === undefined || (place && place.at <= at)) return;
    const alarm = { at, sa };
    this.#place.set(sa, alarm);
    this.#push(alarm);
  }

  /** Of an SA that is gone. */
  remove(sa: IkeSa): void {
    this.#place.delete(sa);
    // What is left in the heap holds no SA for longer than twice as many are there.
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#place.size) this.#rebuild();
  }

  /** No later than the next moment; at that moment there may be nothing to do. */
  next(): number | undefined {
    while (this.#heap[0] && !this.#holds(this.#heap[0])) this.#pop();
    return this.#heap[0]?.at;
  }

  /** Takes out every SA whose moment has come; each is to be `set` again. */
  due(now: number): IkeSa[] {
    const due: IkeSa[] = [];
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) {
      const { sa } = this.#pop()!;
      this.#place.delete(sa);
      due.push(sa);
    }
    return due;
  }

  #holds = (alarm: Alarm): boolean => this.#place.get(alarm.sa) === alarm;

  #rebuild(): void {
    this.#heap.splice(0);
    for (const alarm of this.#place.values()) this.#push(alarm);
  }

  #push(alarm: Alarm): void {
    const heap = this.#heap;
    let at = heap.push(alarm) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.at <= alarm.at) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = alarm;
  }

  #pop(): Alarm | undefined {
    const heap = this.#heap;
    const [top] = heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

// Chance that can be had again: a test that draws from it prints its seed, and BONIN_SEED gives the same draws once more.

import { randomInt } from 'node:crypto';

export class Random {
  constructor(seed = Number(process.env.BONIN_SEED ?? randomInt(2 ** 31))) {
    this.seed = seed;
    this.state = seed >>> 0;
  }

  /** From 0 up to, not including, 1 (mulberry32). */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` up to, not including, `end`. */
  between(least, end) {
    return least + Math.floor(this.next() * (end - least));
  }

  /** Whether something happens that happens so often. */
  chance(share) {
    return this.next() < share;
  }

  pick(list) {
    return list[this.between(0, list.length)];
  }
}

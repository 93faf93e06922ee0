// Reads what /metrics says, and holds every line to the OpenMetrics text format.

import assert from 'node:assert/strict';

const SUFFIXES = {
  counter: ['_total'],
  gauge: [''],
  info: ['_info'],
  histogram: ['_bucket', '_sum', '_count'],
};

function labelsOf(text, line) {
  const labels = {};
  let rest = text;
  while (rest) {
    const [whole, name, value] = rest.match(/^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/) ?? [];
    assert.ok(whole, `labels of ${line}`);
    assert.ok(!(name in labels), `${name} twice in ${line}`);
    labels[name] = value;
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** `{families: Map(name → {type, help, samples: [{name, labels, value}]})}`. Throws where a line is not what it should be. */
export function read(text) {
  const families = new Map();
  const lines = text.split('\n');
  assert.equal(lines.pop(), '', 'the last line ends');
  assert.equal(lines.pop(), '# EOF');
  let family;
  for (const line of lines) {
    const [, word, name, rest] = line.match(/^# (HELP|TYPE|UNIT) ([a-z_][a-z0-9_]*) (.+)$/) ?? [];
    if (word) {
      if (family?.name !== name) {
        assert.ok(!families.has(name), `${name} is told in two places`);
        family = { name, samples: [] };
        families.set(name, family);
      }
      assert.ok(!(word in family), `${word} of ${name} twice`);
      assert.equal(family.samples.length, 0, `${word} of ${name} comes after its samples`);
      family[word] = rest;
      continue;
    }
    const [, sample, , labels, value] = line.match(/^([a-z_][a-z0-9_]*)(\{([^]*)\})? (\S+)$/) ?? [];
    assert.ok(sample, `no sample: ${line}`);
    const number = value === '+Inf' ? Infinity : Number(value);
    assert.ok(!Number.isNaN(number), line);
    assert.ok(family, line);
    const suffix = sample.slice(family.name.length);
    assert.ok(sample.startsWith(family.name) && SUFFIXES[family.TYPE]?.includes(suffix), `${line} under ${family.name}`);
    family.samples.push({ name: sample, labels: labelsOf(labels, line), value: number });
  }
  for (const { name, TYPE, HELP, UNIT, samples } of families.values()) {
    assert.ok(TYPE && HELP, `${name} has a type and a help`);
    if (UNIT) assert.ok(name.endsWith(`_${UNIT}`), name);
    const seen = new Set(samples.map(({ name: sample, labels }) => sample + JSON.stringify(Object.entries(labels).sort())));
    assert.equal(seen.size, samples.length, `${name} tells a sample twice`);
    if (TYPE === 'histogram') assertHistogram(name, samples);
  }
  return new Figures(families);
}

/** Buckets rise, and the last holds all. */
function assertHistogram(name, samples) {
  const groups = {};
  for (const sample of samples) {
    const others = Object.entries(sample.labels).filter(([label]) => label !== 'le');
    (groups[JSON.stringify(others.sort())] ??= []).push(sample);
  }
  for (const group of Object.values(groups)) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Infinity : Number(le)));
    assert.deepEqual(bounds, bounds.toSorted((a, b) => a - b), name);
    assert.equal(bounds.at(-1), Infinity, name);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(counts, counts.toSorted((a, b) => a - b), name);
    assert.equal(counts.at(-1), group.find((sample) => sample.name === `${name}_count`).value, name);
  }
}

class Figures {
  constructor(families) {
    this.families = families;
  }

  get names() {
    return [...this.families.values()].flatMap(({ samples }) => samples.map(({ name }) => name));
  }

  get samples() {
    return [...this.families.values()].flatMap(({ samples }) => samples);
  }

  /** The sum of what a sample counts, over all its labels that say so. */
  sum(name, labels = {}) {
    const fits = (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
    return this.samples.filter(fits).reduce((sum, { value }) => sum + value, 0);
  }
}

/** Asks and reads. */
export async function scrape(address, headers = {}) {
  const response = await fetch(new URL('/metrics', address), { headers, signal: AbortSignal.timeout(10_000) });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  const text = await response.text();
  return Object.assign(read(text), { text });
}

// The sandbox's control API, from the outside.

import assert from 'node:assert/strict';
import { waitFor } from './program.mjs';

export class Sandbox {
  constructor(address) {
    this.address = address;
  }

  async call(method, path, body) {
    const response = await fetch(new URL(path, this.address), {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path} → ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  messages(phone) {
    return this.call('GET', `/sandbox/messages?phone=${phone}`);
  }

  /** The newest SMS to this phone, once `count` of them have come. */
  async message(phone, count = 1) {
    const messages = await waitFor(`SMS ${count} to ${phone}`, async () => {
      const found = await this.messages(phone);
      return found.length >= count && found;
    });
    return messages[0];
  }

  async otp(phone, count = 1) {
    return (await this.message(phone, count)).otp;
  }

  passRequests(phone) {
    return this.call('GET', `/sandbox/pass-requests?phone=${phone}`);
  }

  async passRequest(phone) {
    const [newest] = await waitFor(`a PASS request to ${phone}`, async () => {
      const found = await this.passRequests(phone);
      return found.length > 0 && found;
    });
    return newest;
  }

  async approve(phone) {
    const { id } = await this.passRequest(phone);
    await this.call('POST', `/sandbox/pass-requests/${id}/approve`);
  }

  async reject(phone) {
    const { id } = await this.passRequest(phone);
    await this.call('POST', `/sandbox/pass-requests/${id}/reject`);
  }

  addPerson(person) {
    return this.call('POST', '/sandbox/people', person);
  }

  removePerson(phone) {
    return this.call('DELETE', `/sandbox/people/${phone}`);
  }

  settings(settings) {
    return this.call('PUT', '/sandbox/settings', settings);
  }

  fault(fault) {
    return this.call('POST', '/sandbox/faults', { count: 1, ...fault });
  }

  clearFaults() {
    return this.call('DELETE', '/sandbox/faults');
  }

  credentials(siteCd = 'AO7F3') {
    return this.call('GET', `/sandbox/merchants/${siteCd}/credentials`);
  }

  addMerchant(merchant) {
    return this.call('POST', '/sandbox/merchants', merchant);
  }

  reset() {
    return this.call('POST', '/sandbox/reset');
  }
}

/** A number that says what is not the one just sent. */
export function anotherNumber(otp) {
  return otp === '000000' ? '000001' : '000000';
}

// Persons that no other test of the same file meets: each has a phone, an address and a birthday of its own.

import { randomBytes } from 'node:crypto';

export const OPERATORS = ['SKT', 'KT', 'LGU', 'SKT_MVNO', 'KT_MVNO', 'LGU_MVNO'];

const FAMILY = ['김', '이', '박', '최', '정', '강', '조', '윤', '장', '임'];
const GIVEN = ['민준', '서연', '도윤', '하은', '지호', '수아', '건우', '지안', '현우', '채원'];

let count = 0;

/** A new person: what a service knows (`name`, `phone`, `identityNumber`) and what that says (`birthDate`, `gender`, …). */
export function newPerson({ gender = count % 2 ? 'FEMALE' : 'MALE', isForeigner = false } = {}) {
  count += 1;
  const year = 1960 + (count % 60);
  const month = String(1 + (count % 12)).padStart(2, '0');
  const day = String(1 + (count % 28)).padStart(2, '0');
  const century = year < 2000 ? 0 : 2;
  const digit = (isForeigner ? 5 : 1) + century + (gender === 'FEMALE' ? 1 : 0);
  return {
    name: FAMILY[count % 10] + GIVEN[Math.floor(count / 10) % 10],
    phone: `010${String(20_000_000 + count * 7).padStart(8, '0')}`,
    identityNumber: `${String(year).slice(2)}${month}${day}${digit}`,
    birthDate: `${year}-${month}-${day}`,
    birthYear: String(year),
    birthMonth: month,
    birthDay: day,
    gender,
    isForeigner,
    ipAddress: `10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`,
  };
}

/** An id that has not been used: letters and digits only, as a KCP channel wants it. */
export function newId(prefix = 'iv') {
  return prefix + randomBytes(12).toString('hex');
}

/** The `customer` of a send for this person. */
export function customerOf(person, extra = {}) {
  return {
    name: person.name,
    phoneNumber: person.phone,
    identityNumber: person.identityNumber,
    ipAddress: person.ipAddress,
    ...extra,
  };
}

/**
 * The body of a send to this person's phone, by SMS unless something else is said. `customer` is what else is told of the person;
 * `more` wants `channelKey` and `operator`.
 */
export function sending(person, { customer, ...more }) {
  return { customer: customerOf(person, customer), bypass: { kcpV2: { media_type: 'MC01' } }, method: 'SMS', ...more };
}

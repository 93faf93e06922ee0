// A person in KCP's window, as the sandbox shows it, in a page or in a frame of one.

import { newPerson } from './people.mjs';

const OPERATORS = {
  SKT: 'SKT',
  KT: 'KT',
  LGU: 'LG U+',
  SKT_MVNO: 'SKT 알뜰폰',
  KT_MVNO: 'KT 알뜰폰',
  LGU_MVNO: 'LG U+ 알뜰폰',
};

export class Window {
  /** A person whom the sandbox knows, with the PASS app, in front of this window. */
  static async of(dev, view, operator = 'KT') {
    const window = new Window();
    Object.assign(window, { dev, view, operator, person: newPerson() });
    const { name, phone, birthDate, gender, isForeigner } = window.person;
    await dev.sandbox.addPerson({ name, phone, birthDate, gender, isForeigner, operator, pass: true });
    await view.waitForURL(/\/window\/[^/]+\/operator$/);
    return window;
  }

  press(name) {
    return this.view.getByRole('button', { name, exact: true }).click();
  }

  /** Up to the number from the SMS, or the request in the app. */
  async ask(method) {
    const { view, person } = this;
    await this.press(OPERATORS[this.operator]);
    await view.getByLabel('모두 동의합니다').check();
    await this.press('다음');
    await view.getByRole('button', { name: method === 'SMS' ? /문자/ : /PASS/ }).click();
    await view.getByLabel('이름').fill(person.name);
    await view.getByLabel('생년월일 6자리').fill(person.identityNumber.slice(0, 6));
    await view.getByLabel('뒷자리 첫 숫자').fill(person.identityNumber.slice(6));
    await view.getByLabel('휴대폰 번호').fill(person.phone);
    await this.press(method === 'SMS' ? '인증번호 받기' : 'PASS 인증 요청하기');
  }

  /** The number from the phone, or a tap in the app: the window leaves for the gateway by itself. */
  async prove(method) {
    const { phone } = this.person;
    if (method === 'SMS') {
      const field = this.view.getByLabel('인증번호 6자리');
      await field.waitFor(); // only then has the SMS left
      await field.fill(await this.dev.sandbox.otp(phone));
      await this.press('확인');
    } else {
      await this.dev.sandbox.approve(phone);
    }
  }

  async verify(method) {
    await this.ask(method);
    await this.prove(method);
  }

  cancel() {
    return this.press('취소');
  }
}

// What is nicer with a script. Every page works without it.

const said = document.querySelector('#said');
let timer;

function say(text) {
  if (!said) return;
  said.textContent = text;
  said.dataset.shown = '';
  clearTimeout(timer);
  timer = setTimeout(() => delete said.dataset.shown, 2500);
}

// Buttons that copy what stands beside them.
for (const button of document.querySelectorAll('button[data-copy]')) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      say('복사했습니다.');
    } catch {
      // No clipboard: not a secure context, or it was refused. What is selected can be copied by hand.
      getSelection().selectAllChildren(source);
      say('선택했습니다. Ctrl+C(맥은 ⌘C)를 눌러 복사해 주세요.');
    }
  });
}

// A file read into the text area that its content belongs in.
for (const input of document.querySelectorAll('input[type=file][data-fills]')) {
  const area = document.getElementById(input.dataset.fills);
  if (!area) continue;
  input.closest('label').hidden = false;
  input.addEventListener('change', async () => {
    const file = input.files[0];
    if (!file) return;
    if (file.size > 100_000) {
      say('파일이 너무 큽니다. 올바른 파일인지 확인해 주세요.');
    } else {
      area.value = await file.text();
      say('파일의 내용을 넣었습니다.');
    }
    input.value = '';
  });
}

// Whoever sent a form that came back reads first what was wrong.
document.querySelector('[role=alert][tabindex]')?.focus();

// An address names what was asked for, and not what was left empty.
for (const form of document.querySelectorAll('form[method=get]')) {
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
  });
}

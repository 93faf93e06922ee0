// Buttons that copy what stands beside them. Without this script there are none.

const said = document.querySelector('#copied');
let timer;

function say(text) {
  said.textContent = text;
  said.dataset.shown = '';
  clearTimeout(timer);
  timer = setTimeout(() => delete said.dataset.shown, 2500);
}

for (const button of document.querySelectorAll('[data-copy]')) {
  const code = button.closest('figure, dd').querySelector('code');
  button.hidden = false;
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      say('복사했습니다.');
    } catch {
      // No clipboard: not a secure context, or it was refused. What is selected can be copied by hand.
      getSelection().selectAllChildren(code);
      say('선택했습니다. Ctrl+C(맥은 ⌘C)를 눌러 복사해 주세요.');
    }
  });
}
